using System.Net.Sockets;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Listens for QEMU's one connection to a socket of the run's folder, and reads it to its end.</summary>
internal sealed class PortListener : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    internal PortListener(string path)
    {
        try
        {
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen(1);
        }
        catch (SocketException e)
        {
            _listener.Dispose();
            throw new VmSetupException($"The socket {path} cannot be made: {e.Message}", e);
        }
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Passes bytes on until the end of the stream; ends at once, without a connection, when asked to.</summary>
    internal async Task PumpAsync(Action<byte[]> take, CancellationToken noConnection)
    {
        using NetworkStream? stream = await AcceptAsync(noConnection).ConfigureAwait(false);
        byte[] block = new byte[16384];
        for (int n; stream is not null && (n = await ReadAsync(stream, block).ConfigureAwait(false)) > 0;)
        {
            take(block[..n]);
        }
    }

    /// <summary>Takes frames until the end of the stream, and confirms those that their sender waits for.</summary>
    internal async Task ServeAsync(Action<Frame> take, CancellationToken noConnection)
    {
        using NetworkStream? stream = await AcceptAsync(noConnection).ConfigureAwait(false);
        try
        {
            while (stream is not null && await Frame.ReadAsync(stream, CancellationToken.None).ConfigureAwait(false) is { } frame)
            {
                take(frame);
                if (frame.Type is not (FrameType.Output or FrameType.FileBegin or FrameType.FileData))
                {
                    await stream.WriteAsync(new FrameBuilder(FrameType.Ack, 0, frame.Sequence).Finish(), CancellationToken.None)
                        .ConfigureAwait(false);
                }
            }
        }
        catch (IOException)
        {
            // QEMU has gone, perhaps in the middle of a frame. How it ended says what that means.
        }
    }

    private async Task<NetworkStream?> AcceptAsync(CancellationToken noConnection)
    {
        try
        {
            return new NetworkStream(await _listener.AcceptAsync(noConnection).ConfigureAwait(false), ownsSocket: true);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task<int> ReadAsync(NetworkStream stream, byte[] block)
    {
        try
        {
            return await stream.ReadAsync(block).ConfigureAwait(false);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
