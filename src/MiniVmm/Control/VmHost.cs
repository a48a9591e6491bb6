using System.Runtime.InteropServices;
using Tmds.Linux;

namespace MiniVmm.Control;

/// <summary>Holds the VMs of this process until all of them have left it, and takes the process's signals.</summary>
internal sealed class VmHost : IDisposable
{
    /// <summary>The exit code where all guests ended by themselves, were stopped on request, or are in another process.</summary>
    public const int Ok = 0;

    /// <summary>The exit code where a guest could not go on, or its memory was given up, or nothing could be started.</summary>
    public const int Failure = 1;

    // What a shell reports of a program that a signal ended: 128 and its number.
    private const int SignalBase = 128;

    // .NET has no name for it, and takes the number.
    private static readonly PosixSignal s_userSignal = (PosixSignal)LibC.SIGUSR1;

    // Every request waits on a thread of the pool.
    private const int Threads = 32;

    private readonly List<HostedVm> _vms = [];
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly Action<string> _say;
    private readonly Func<Task> _update;
    private int _signal;
    private int _isWarned;

    /// <summary>Makes a host without VMs.</summary>
    /// <param name="say">Takes what people are to know.</param>
    /// <param name="update">Updates all VMs of the machine, for SIGUSR1.</param>
    public VmHost(Action<string> say, Func<Task> update)
    {
        _say = say;
        _update = update;
    }

    /// <summary>Gets the VMs.</summary>
    public IReadOnlyList<HostedVm> Vms => _vms;

    /// <summary>Takes the process's signals from now on, and requests, many at once. Once more does nothing.</summary>
    /// <remarks>Apart from the constructor: a guest that is resumed does not wait for it.</remarks>
    public void Serve()
    {
        lock (_signals)
        {
            if (_signals.Count > 0)
            {
                return;
            }

            HeldSignals.Release();
            ThreadPool.GetMinThreads(out _, out int ports);
            ThreadPool.SetMinThreads(Threads, ports);
            Take(PosixSignal.SIGINT, LibC.SIGINT);
            Take(PosixSignal.SIGTERM, LibC.SIGTERM);
            Take(PosixSignal.SIGHUP, LibC.SIGHUP);
            _signals.Add(PosixSignalRegistration.Create(s_userSignal, context =>
            {
                context.Cancel = true;
                Update();
            }));
        }
    }

    /// <summary>Adds a VM, which belongs to the host from now on.</summary>
    public void Add(HostedVm vm)
    {
        lock (_vms)
        {
            _vms.Add(vm);
        }
    }

    /// <summary>Takes a VM out again that never had a guest.</summary>
    public void Drop(HostedVm vm)
    {
        lock (_vms)
        {
            _vms.Remove(vm);
        }

        vm.Close();
    }

    /// <summary>Updates all VMs of the machine, and goes on where that is refused.</summary>
    public void Update() => _ = Task.Run(_update);

    /// <summary>Waits until all VMs have left this process.</summary>
    /// <returns>The process's exit code.</returns>
    public int Wait()
    {
        bool hasFailed = false;
        foreach (HostedVm vm in _vms)
        {
            VmEnd end = vm.Left.GetAwaiter().GetResult();
            hasFailed |= end.IsFailure;
            _say($"{vm.Name}: {end.Reason}");
        }

        return _signal != 0 ? SignalBase + _signal : hasFailed ? Failure : Ok;
    }

    /// <summary>Ends all VMs, as a signal does.</summary>
    /// <param name="reason">What happened, for people.</param>
    public void Stop(string reason)
    {
        HostedVm[] vms;
        lock (_vms)
        {
            vms = [.. _vms];
        }

        if (vms.Where(static vm => vm.HoldsMemory).Select(static vm => vm.Name).ToArray() is { Length: > 0 } held
            && Interlocked.Exchange(ref _isWarned, 1) == 0)
        {
            _say($"the memory of {string.Join(", ", held)} is held by this process, and is lost when it ends. Once more to end it "
                + "all the same.");
            return;
        }

        foreach (HostedVm vm in vms)
        {
            vm.Stop(reason);
        }
    }

    /// <summary>Frees all VMs.</summary>
    public void Dispose()
    {
        _signals.ForEach(static signal => signal.Dispose());
        foreach (HostedVm vm in _vms)
        {
            vm.Close();
        }
    }

    private void Take(PosixSignal signal, int number) => _signals.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Interlocked.CompareExchange(ref _signal, number, 0);

        // Not here: a guest that is being updated is waited for.
        _ = Task.Run(() => Stop($"it was ended by {signal}"));
    }));
}
