using System.Net.Sockets;

namespace LuoInterop.Cache.Protocol;

/// <summary>Serves one client: receives, answers what has come whole, and sends the answers together.</summary>
internal static class Connection
{
    private const int LeastBuffer = 16 << 10;
    private const int SendAt = 256 << 10;

    /// <summary>Serves a client until it ends, or the server does.</summary>
    /// <returns>Ends without an exception however the client ends.</returns>
    public static async Task ServeAsync(Socket socket, CacheState state, CancellationToken cancellationToken)
    {
        var protocol = new TextProtocol(state);
        var response = new Response();
        byte[] buffer = new byte[LeastBuffer];
        int held = 0;
        try
        {
            while (!protocol.Ends)
            {
                int received = await socket.ReceiveAsync(buffer.AsMemory(held), cancellationToken).ConfigureAwait(false);
                if (received == 0)
                {
                    return;
                }

                held += received;
                int used = 0;
                while (!protocol.Ends && used < held && protocol.Answer(buffer.AsSpan(used, held - used), response) is > 0 and var step)
                {
                    used += step;
                    if (response.Length >= SendAt)
                    {
                        await SendAsync(socket, response, cancellationToken).ConfigureAwait(false);
                    }
                }

                buffer.AsSpan(used, held - used).CopyTo(buffer);
                held -= used;
                if (held == buffer.Length)
                {
                    // A command is longer than the buffer. It is limited: a line, a key and a value.
                    Array.Resize(ref buffer, buffer.Length * 2);
                }

                await SendAsync(socket, response, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (SocketException)
        {
            // The client is gone. It knows what it was answered.
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server ends. What was answered is stored.
        }
    }

    private static async ValueTask SendAsync(Socket socket, Response response, CancellationToken cancellationToken)
    {
        for (ReadOnlyMemory<byte> rest = response.Memory; !rest.IsEmpty;)
        {
            rest = rest[await socket.SendAsync(rest, cancellationToken).ConfigureAwait(false)..];
        }

        response.Clear();
    }
}
