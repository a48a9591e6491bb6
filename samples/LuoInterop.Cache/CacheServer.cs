using System.Net;
using System.Net.Sockets;
using LuoInterop.Cache.Protocol;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LuoInterop.Cache;

/// <summary>Accepts clients until the host stops; then no command is answered any more, and the items stand still.</summary>
internal sealed partial class CacheServer : BackgroundService
{
    private readonly CacheState _state;
    private readonly ILogger<CacheServer> _logger;
    private readonly Socket _listener;
    private readonly HashSet<Task> _clients = [];

    public CacheServer(CacheState state, Socket listener, ILogger<CacheServer> logger)
    {
        _state = state;
        _logger = logger;
        _listener = listener;
    }

    /// <summary>Makes a socket that listens at an address: <c>HOST:PORT</c>, or the path of a Unix socket.</summary>
    public static Socket Listen(string address)
    {
        EndPoint endPoint = EndPointOf(address);
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (endPoint is UnixDomainSocketEndPoint)
            {
                // What an earlier process left.
                File.Delete(address);
            }
            else
            {
                // The connections of an earlier process are still known to the kernel (TIME_WAIT).
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }

            socket.Bind(endPoint);
            socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads an address: <c>HOST:PORT</c>, or the path of a Unix socket.</summary>
    public static EndPoint EndPointOf(string address) =>
        address.StartsWith('/') ? new UnixDomainSocketEndPoint(address) : IPEndPoint.Parse(address);

    /// <summary>Tells whether a text is an address.</summary>
    public static bool IsAddress(string text) =>
        text.StartsWith('/') || (IPEndPoint.TryParse(text, out IPEndPoint? endPoint) && endPoint.Port != 0);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Listening(_listener.LocalEndPoint);
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(stoppingToken).ConfigureAwait(false);
                if (client.ProtocolType == ProtocolType.Tcp)
                {
                    client.NoDelay = true;
                }

                Task served = ServeAsync(client, stoppingToken);
                lock (_clients)
                {
                    _clients.Add(served);
                }

                _ = served.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Task[] last;
            lock (_clients)
            {
                last = [.. _clients];
            }

            await Task.WhenAll(last).ConfigureAwait(false);
        }
    }

    private void Forget(Task served)
    {
        lock (_clients)
        {
            _clients.Remove(served);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        using (client)
        {
            _state.Statistics.Connected();
            await Connection.ServeAsync(client, _state, cancellationToken).ConfigureAwait(false);
            _state.Statistics.Disconnected();
        }
    }

    [LoggerMessage(LogLevel.Information, "Listening at {Address}")]
    private partial void Listening(EndPoint? address);
}
