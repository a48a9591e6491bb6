using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace LuoInterop.Cache.Tests;

/// <summary>Is a cache server that listens at a TCP port of its own.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly CacheMemory _memory = new();
    private readonly Socket _listener = CacheServer.Listen("127.0.0.1:0");
    private readonly CacheServer _server;

    private RunningServer()
    {
        State = new CacheState(_memory.Open(), "new", _memory);
        _server = new CacheServer(State, _listener, NullLogger<CacheServer>.Instance);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
    }

    public int Port { get; }

    public CacheState State { get; }

    public static async Task<RunningServer> StartAsync()
    {
        var server = new RunningServer();
        await server._server.StartAsync(CancellationToken.None);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(CancellationToken.None);
        _server.Dispose();
        _listener.Dispose();
        _memory.Dispose();
    }
}
