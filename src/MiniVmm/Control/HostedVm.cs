using System.ComponentModel;
using System.Globalization;
using LuoInterop;
using LuoInterop.Kvm;
using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;
using MiniVmm.Update;

namespace MiniVmm.Control;

/// <summary>Is a VM of this process: a guest, its console, its socket and its live updates.</summary>
/// <remarks>Requests may come from any thread; what changes the guest is done one after the other.</remarks>
internal sealed partial class HostedVm : IControlTarget
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Kernel _kernel;
    private readonly RunFolder _folder;
    private readonly GuestConsole _console;
    private readonly Action<string> _say;
    private readonly ControlServer _server;
    private readonly TaskCompletionSource<VmEnd> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Held by whoever changes the guest. What status shows is read without it.
    private readonly Lock _gate = new();
    private volatile GuestMachine? _machine;
    private VmUpdate? _update;
    private MachineAhead? _ahead;
    private KernelException? _noUpdate;
    private volatile VmState _state = VmState.Stopping;
    private volatile string? _reason;
    private volatile BlackoutStatus? _blackout;
    private int _updates;
    private bool _isMoved;

    /// <summary>Makes a VM without a guest.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="folder">Where its socket is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="console">Its console, which belongs to it from now on.</param>
    /// <param name="server">Makes the server of its socket.</param>
    /// <param name="say">Takes what people are to know, without a name before it.</param>
    /// <param name="resumes">Whether it is for a guest that is resumed: its machine is begun at once, before the server.</param>
    public HostedVm(
        Kernel kernel,
        RunFolder folder,
        string name,
        GuestConsole console,
        Func<HostedVm, ControlServer> server,
        Action<string> say,
        bool resumes = false)
    {
        _kernel = kernel;
        _folder = folder;
        _console = console;
        _say = text => say($"{name}: {text}");
        _console.OutputFailed = fault => _say($"what the guest writes cannot be written out, and is lost: {fault} The guest goes on.");
        Name = name;
        try
        {
            _ahead = resumes ? new MachineAhead(kernel, console.Write) : null;
            _server = server(this);
        }
        catch
        {
            _ahead?.Dispose();
            console.Dispose();
            throw;
        }
    }

    /// <summary>Gets the VM's name.</summary>
    public string Name { get; }

    /// <summary>Is done when the VM has left this process.</summary>
    public Task<VmEnd> Left => _left.Task;

    /// <summary>Gets whether this process holds memory that only it can resume.</summary>
    public bool HoldsMemory => _state == VmState.Failed;

    /// <summary>Gets the console.</summary>
    public GuestConsole Console => _console;

    /// <inheritdoc/>
    public string? ConsoleFault => _console.Kind == ConsoleKind.None ? $"{Name} has no console: it was started with --console none." : null;

    /// <summary>Starts a guest.</summary>
    /// <param name="make">Makes the machine, with its beginning.</param>
    /// <remarks>Where the kernel before has handed over a guest of this name nothing is started: that one is held, to be resumed.
    /// </remarks>
    /// <exception cref="KernelException">KVM refuses.</exception>
    public void Start(Func<Action<byte>, GuestMachine> make)
    {
        lock (_gate)
        {
            OpenUpdate();
            if (_update is { Resumed: true })
            {
                Fail("a guest of this name was handed over by the kernel before, and waits; no other was started.");
            }
            else
            {
                Run(make(_console.Write));
                _machine!.Resume();
                _state = VmState.Running;
            }
        }

        _server.Start();
    }

    /// <summary>Ends the guest, and the VM with it; where there is a <see cref="Store"/>, it is kept there. Memory that is held for a
    /// guest is given up.</summary>
    /// <param name="reason">What happened, for people.</param>
    public void Stop(string reason)
    {
        lock (_gate)
        {
            if (Store is { } store && _state is VmState.Running or VmState.Paused && _machine is { } machine)
            {
                Keep(store, machine, reason);
                return;
            }

            EndGuest(new VmEnd(_state == VmState.Failed, reason));
        }
    }

    /// <summary>Frees what a VM that has left this process has. Its socket goes too, unless another process has it.</summary>
    public void Close()
    {
        _server.WaitUntilAnswered();
        lock (_gate)
        {
            DisposeMachine();
            _ahead?.Dispose();
            _console.Dispose();
            if (_isMoved)
            {
                _server.Leave();
            }
            else
            {
                _server.Dispose();
                _folder.Remove(Name);
            }

            _update?.Dispose();
        }
    }

    /// <inheritdoc/>
    public ControlAnswer Answer(object connection, ControlRequest request)
    {
        if (request.Request == ControlWord.Status)
        {
            return new ControlAnswer { Ok = true, Status = Status };
        }

        try
        {
            lock (_gate)
            {
                if (_left.Task.IsCompleted)
                {
                    throw new ControlException($"the VM has left this process: {_left.Task.Result.Reason}");
                }

                return Do(connection, request);
            }
        }
        catch (Exception error) when (IsRefusal(error))
        {
            return ControlAnswer.Refused(error.Message);
        }
    }

    /// <inheritdoc/>
    public Task ServeConsoleAsync(ControlStream stream, CancellationToken cancellation) => _console.ServeAsync(stream, cancellation);

    /// <summary>Gets what the VM is now.</summary>
    public VmStatus Status
    {
        get
        {
            GuestMachine? machine = _machine;
            return new VmStatus
            {
                Name = Name,
                State = _state.ToString().ToLowerInvariant(),
                Reason = _reason,
                Cpus = machine?.Cpus ?? 0,
                Memory = machine?.Ram.Size ?? 0,
                Updates = Volatile.Read(ref _updates),
                LastBlackout = _blackout,
                Pid = Environment.ProcessId,
                Console = _console.Kind.ToString().ToLowerInvariant(),
            };
        }
    }

    /// <summary>Tells whether an exception is a refusal, with a message for people, and no fault of this program.</summary>
    public static bool IsRefusal(Exception error) => error is KernelException or KvmStateException or ControlException or IOException
        or UnauthorizedAccessException or BootImageException or GuestAddressException or ArgumentException or InvalidOperationException
        or TimeoutException or Win32Exception;

    private ControlAnswer Do(object connection, ControlRequest request)
    {
        switch (request.Request)
        {
            case ControlWord.Pause:
                StopGuest(MustBe(VmState.Running).Pause);
                _state = VmState.Paused;
                return ControlAnswer.Done;
            case ControlWord.Resume:
                MustBe(VmState.Paused).Resume();
                _state = VmState.Running;
                return ControlAnswer.Done;
            case ControlWord.Stop:
                bool held = _state == VmState.Failed;
                EndGuest(new VmEnd(false, held ? "its memory was given up on request" : "it was stopped on request"));
                return ControlAnswer.Done;
            case ControlWord.Retry:
                Retry();
                return ControlAnswer.Done;
            case ControlWord.Handoff:
                return HandOff(request.Program);
            default:
                return DoUpdate(connection, request) ?? throw new ControlException(
                    $"a request '{Shown(request.Request)}' is not known here.");
        }
    }

    private static string Shown(string word) => word.Length > 40 ? word[..40] + "..." : word;

    // The machine, in a state in which a request makes sense.
    private GuestMachine MustBe(VmState state)
    {
        if (_machine is { } machine && _state == state)
        {
            return machine;
        }

        throw new ControlException(_state switch
        {
            VmState.Running => "the guest runs.",
            VmState.Paused => $"the guest is paused. Let it run first: minivmm unpause --name {Name}",
            VmState.Stopping => "the guest is in an update or a handoff. Ask again when that has ended.",
            VmState.Failed => $"the guest is not resumed: {_reason}",
            _ => $"the guest has ended: {_reason}",
        });
    }

    private void OpenUpdate()
    {
        try
        {
            _update = WhileBusy.Do(() => VmUpdate.Open(_kernel, Name, UpdateClock.OfThisProcess()));
            _noUpdate = null;
        }
        catch (KernelException error)
        {
            _noUpdate = error;
        }
    }

    // Takes a machine, which does not run yet.
    private void Run(GuestMachine machine)
    {
        _machine = machine;
        _console.Connect(machine);
        _reason = null;
        _ = WatchAsync(machine);
    }

    private async Task WatchAsync(GuestMachine machine)
    {
        MachineEnd end = await machine.Ended.ConfigureAwait(false);
        lock (_gate)
        {
            if (_machine == machine && !_left.Task.IsCompleted)
            {
                EndGuest(new VmEnd(end.IsFailure, end.Reason));
            }
        }
    }

    // Leaves the machine, so that its status can still be seen; Close frees it.
    private void EndGuest(VmEnd end)
    {
        if (_left.Task.IsCompleted)
        {
            return;
        }

        EndUpdate();
        if (_machine is { } machine)
        {
            StopGuest(machine.Pause);
        }
        else if (_update is { Resumed: true } update)
        {
            update.Finish();
        }

        _console.Disconnect();
        ForgetKept();
        _reason = end.Reason;
        _state = VmState.Ended;
        _left.SetResult(end);
    }

    private void StopGuest(Action stop)
    {
        if (!_console.Stop(stop))
        {
            _say("nobody takes what the guest has written to its console; the rest of it may be lost.");
        }
    }

    private void DisposeMachine()
    {
        if (_machine is { } machine)
        {
            _machine = null;
            machine.Dispose();
        }
    }

    private static string Milliseconds(long nanoseconds) => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:N1} ms");
}

/// <summary>Names what a VM is doing.</summary>
internal enum VmState
{
    /// <summary>Its vCPUs run.</summary>
    Running,
    /// <summary>They were stopped on request.</summary>
    Paused,
    /// <summary>It is being resumed, updated or handed over.</summary>
    Stopping,
    /// <summary>It was handed over by the kernel before, and could not be resumed; its memory is held.</summary>
    Failed,
    /// <summary>It has left this process.</summary>
    Ended,
}
