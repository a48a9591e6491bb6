using System.Runtime.InteropServices;
using Tmds.Linux;

namespace LuoInterop.Shared;

/// <summary>Cancels a command when SIGINT or SIGTERM comes; a second one ends the process as it is.</summary>
internal sealed class Interruption : IDisposable
{
    // What a shell reports of a program that a signal ended: 128 and its number.
    private const int Base = 128;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private int _signal;

    public Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, LibC.SIGINT));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, LibC.SIGTERM));
    }

    /// <summary>Gets what is cancelled.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Gets what a shell reports of a program that the signal ended.</summary>
    public int ExitCode => Base + _signal;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void Take(PosixSignalContext context, int signal)
    {
        if (Interlocked.CompareExchange(ref _signal, signal, 0) == 0)
        {
            context.Cancel = true;
            _source.Cancel();
        }
    }
}
