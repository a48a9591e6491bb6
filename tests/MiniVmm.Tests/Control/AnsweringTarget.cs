using MiniVmm.Control;

namespace MiniVmm.Tests.Control;

/// <summary>Stands in the place of a VM behind a socket: remembers what it was asked, and has a console that echoes.</summary>
internal sealed class AnsweringTarget : IControlTarget, IDisposable
{
    private readonly ManualResetEventSlim _released = new();
    private readonly SemaphoreSlim _closed = new(0);

    public ControlRequest? Last { get; private set; }

    public string? ConsoleFault => null;

    public ControlAnswer Answer(object connection, ControlRequest request)
    {
        Last = request;
        switch (request.Request)
        {
            case "wait":
                _released.Wait();
                return ControlAnswer.Done;
            case "release":
                _released.Set();
                return ControlAnswer.Done;
            case "refuse":
                return ControlAnswer.Refused("no.");
            default:
                return ControlAnswer.Done;
        }
    }

    public async Task ServeConsoleAsync(ControlStream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[16];
        while (await stream.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }
    }

    public void Closed(object connection) => _closed.Release();

    /// <summary>Waits until connections have ended beside one that was refused.</summary>
    public async Task ClosedAsync(int count)
    {
        for (int i = 0; i <= count; i++)
        {
            await _closed.WaitAsync();
        }
    }

    public void Dispose()
    {
        _released.Dispose();
        _closed.Dispose();
    }
}
