using System.Globalization;
using System.Text;
using LuoInterop.Emulation.Server.Calls;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Seccomp;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Launch;

/// <summary>Is a program that runs on a kernel, with all that it has started: answers its calls until nobody is left.</summary>
internal sealed class LaunchedProgram : IDisposable
{
    // While one thread preserves gigabytes, others answer.
    private const int Receivers = 4;

    private readonly KeeperChannel _keeper;
    private readonly string _mounts;
    private readonly Action<LaunchedProgram> _met;
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Thread> _threads = [];
    private CallListener? _listener;
    private int _disposed;

    /// <param name="keeper">Speaks with the program's keeper; owned.</param>
    /// <param name="kernel">The kernel that the program runs on.</param>
    /// <param name="mounts">What the keeper is told to mount.</param>
    /// <param name="met">Is called once <see cref="Front"/> is known.</param>
    public LaunchedProgram(KeeperChannel keeper, KernelRun kernel, string mounts, Action<LaunchedProgram> met)
    {
        _keeper = keeper;
        Kernel = kernel;
        _mounts = mounts;
        _met = met;
        Start(Talk, "keeper");
    }

    /// <summary>Gets the kernel that the program runs on.</summary>
    public KernelRun Kernel { get; }

    /// <summary>Gets the process that stands for the program, and exits as it does; 0 before it is known.</summary>
    public int Front { get; private set; }

    /// <summary>Gets when the program itself has ended; what it has started may run on.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Gets when nothing of the program is left.</summary>
    public Task Gone => _gone.Task;

    /// <summary>Gets why the program could not be started; null while it could.</summary>
    public string? Failure { get; private set; }

    /// <summary>Ends the program and all that it has started.</summary>
    /// <param name="reason">What its front is to write to standard error; empty for nothing.</param>
    public void End(string reason) => _keeper.Send(reason.Length == 0 ? "end" : $"end {reason}");

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _keeper.Shutdown();
        _gone.Task.Wait();
        _listener?.Stop();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _listener?.Dispose();
        _keeper.Dispose();
    }

    private void Start(ThreadStart work, string name)
    {
        var thread = new Thread(work) { IsBackground = true, Name = $"luo {name}" };
        _threads.Add(thread);
        thread.Start();
    }

    private void Talk()
    {
        try
        {
            while (_keeper.Receive(out int descriptor) is { } packet)
            {
                if (!Take(packet.Split(' ', 3), descriptor))
                {
                    break;
                }
            }
        }
        finally
        {
            _ended.TrySetResult();
            _gone.TrySetResult();
        }
    }

    // False once the keeper has nothing more to say.
    private bool Take(string[] words, int descriptor)
    {
        switch (words)
        {
            case ["luo", "1", var front]:
                _keeper.Send(_mounts);

                // From here on the program can be ended: the keeper hears of the mounts first.
                Front = int.TryParse(front, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
                _met(this);
                return true;
            case ["listener", var mode] when descriptor >= 0 && _listener is null:
                Listen(descriptor, trapsEverything: mode == "everything");
                return true;
            case ["unmounted", var error, var step]:
                Kernel.Tell(
                    ProgramEventKind.Note,
                    $"files of the emulated kernel cannot be mounted here ({step}: {Name(error)}); every call that looks at a path is "
                        + "trapped instead, which takes longer");
                return true;
            case ["unfiltered", var error]:
                Failure = Refusal(error);
                return true;
            case ["unexecuted", ..]:
                return true;
            case ["ended", _]:
                Kernel.Tell(ProgramEventKind.Ended, "the program has ended");
                _ended.TrySetResult();
                return true;
            case ["empty"]:
                return false;
            default:
                if (descriptor >= 0)
                {
                    _ = LibC.close(descriptor);
                }

                End("the machine did not understand what the keeper said");
                return true;
        }
    }

    private void Listen(int descriptor, bool trapsEverything)
    {
        _listener = new CallListener(descriptor);
        for (int i = 0; i < Receivers; i++)
        {
            var call = new TrappedCall(_listener, Kernel, trapsEverything);
            Start(() => Answer(_listener, call), "calls");
        }

        _keeper.Send("go");
    }

    private static void Answer(CallListener listener, TrappedCall call)
    {
        while (true)
        {
            listener.TakeTurn();
            if (!AnswerShortCalls(listener, call, out seccomp_notif longer))
            {
                listener.EndTurn();
                return;
            }

            listener.EndTurn();
            listener.Send(longer, CallTable.Answer(call));
        }
    }

    // Answers what takes no time, until a call comes that may; false once there are no more.
    private static bool AnswerShortCalls(CallListener listener, TrappedCall call, out seccomp_notif longer)
    {
        while (listener.Receive(out longer))
        {
            call.Begin(longer);
            Lock kernel = call.System.Lock;
            if (CallTable.IsLong(call) || !kernel.TryEnter())
            {
                return true;
            }

            try
            {
                listener.Send(longer, CallTable.Answer(call));
            }
            finally
            {
                kernel.Exit();
            }
        }

        return false;
    }

    private static string Refusal(string error) => Number(error) switch
    {
        Errno.EBUSY => "the program cannot be watched: this process has a seccomp listener already, as some container runtimes install "
            + "one; run luoctl outside of that container",
        Errno.EINVAL => "the program cannot be watched: this kernel has no seccomp user notification (Linux 5.9 is needed)",
        Errno.EPERM or Errno.EACCES or Errno.ENOSYS =>
            $"the program cannot be watched: seccomp(2) is not allowed here ({Name(error)}); a container needs a profile that allows it",
        _ => $"the program cannot be watched: seccomp(2) fails with {Name(error)}",
    };

    private static Errno Number(string error) =>
        int.TryParse(error, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? (Errno)number : Errno.EIO;

    private static string Name(string error) => Number(error).ToString();
}
