using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace LuoInterop.MemoryImages.Tests.Linux;

/// <summary>Talks with a QEMU over its socket (QMP).</summary>
internal sealed class Qmp : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly StreamReader _reader;

    private Qmp(string path)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        _reader = new StreamReader(new NetworkStream(_socket));
    }

    public static async Task<Qmp> ConnectAsync(string path)
    {
        var qmp = new Qmp(path);
        await qmp._reader.ReadLineAsync();
        await qmp.RunAsync("qmp_capabilities");
        return qmp;
    }

    /// <summary>Runs a command and gives what it returns; events between are passed over.</summary>
    public async Task<JsonNode?> RunAsync(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
        {
            request["arguments"] = arguments;
        }

        await _socket.SendAsync(Encoding.UTF8.GetBytes(request.ToJsonString() + "\n"));
        while (await _reader.ReadLineAsync() is { } line)
        {
            JsonObject answer = JsonNode.Parse(line)!.AsObject();
            if (answer.TryGetPropertyValue("return", out JsonNode? result))
            {
                return result;
            }

            if (answer.TryGetPropertyValue("error", out JsonNode? error))
            {
                throw new IOException($"QEMU refuses {command}: {error!.ToJsonString()}");
            }
        }

        throw new IOException($"QEMU ended at {command}.");
    }

    /// <summary>Ends QEMU, and waits until it has closed the socket: one that is closed here first takes the command with it.</summary>
    public async Task QuitAsync()
    {
        await _socket.SendAsync("""{"execute":"quit"}"""u8.ToArray());
        while (await _reader.ReadLineAsync() is not null)
        {
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
