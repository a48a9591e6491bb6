using System.Diagnostics;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Tests.Shared;

/// <summary>Sends signals to the thread that made it, until disposed: calls that a signal can interrupt are.</summary>
/// <remarks>The signal is SIGUSR2, which the .NET runtime leaves alone; its handler does nothing and was installed without SA_RESTART.</remarks>
internal sealed unsafe partial class SignalStorm : IDisposable
{
    private readonly int _target = UnistdHeader.gettid();
    private readonly Thread _sender;
    private volatile bool _ended;
    private volatile bool _paused;

    static SignalStorm()
    {
        // abs() takes an int as a handler does, and touches nothing: no managed code runs in the handler. It stays installed.
        sigaction action = default;
        action.sa_handler = (void*)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "abs");
        if (LibC.sigaction(LibC.SIGUSR2, &action, null) != 0)
        {
            throw new InvalidOperationException("sigaction failed.");
        }
    }

    /// <param name="pause">The time from one signal to the next; none without it.</param>
    public SignalStorm(TimeSpan pause = default)
    {
        int process = Environment.ProcessId;
        _sender = new Thread(() =>
        {
            while (!_ended)
            {
                if (Paused)
                {
                    Thread.SpinWait(20);
                    continue;
                }

                if (tgkill(process, _target, LibC.SIGUSR2) == 0)
                {
                    Sent++;
                }

                long start = Stopwatch.GetTimestamp();
                while (!_ended && Stopwatch.GetElapsedTime(start) < pause)
                {
                    Thread.SpinWait(20);
                }
            }
        });
        _sender.Start();
    }

    /// <summary>Gets or sets whether no signals are sent. One that is on its way may still arrive.</summary>
    public bool Paused
    {
        get => _paused;
        set => _paused = value;
    }

    /// <summary>Gets how many signals were sent; those that arrive together count once for the thread.</summary>
    public long Sent { get; private set; }

    public void Dispose()
    {
        _ended = true;
        _sender.Join();
    }

    // Tmds.LibC lacks it.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int tgkill(int process, int thread, int signal);
}
