using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LuoInterop.Cache.Load;

/// <summary>Stores and reads keys of its own over one connection, and holds each value against what it stored.</summary>
/// <remarks>Nobody else writes its keys: so a value is the last that the server said STORED to, or one after it whose answer was lost
/// with the connection. Everything else is wrong, and no value at all is a loss.</remarks>
internal sealed class LoadClient : IDisposable
{
    // How often a server that went away is asked again, a millisecond apart at least.
    private const int Patience = 30_000;

    private readonly EndPoint _server;
    private readonly string _prefix;
    private readonly Random _random;
    private readonly long[] _stored;
    private readonly long[] _tried;
    private readonly byte[] _buffer = new byte[(1 << 20) + 4096];
    private Socket? _socket;

    /// <param name="server">Where the server listens.</param>
    /// <param name="name">The first part of its keys.</param>
    /// <param name="keys">How many keys it has.</param>
    /// <param name="seed">Of what it does.</param>
    public LoadClient(EndPoint server, string name, int keys, int seed)
    {
        _server = server;
        _prefix = name;
        _random = new Random(seed);
        _stored = new long[keys];
        _tried = new long[keys];
    }

    /// <summary>Stores every key once. What it finds later is held against it.</summary>
    public async Task FillAsync(LoadReport report, CancellationToken cancellationToken)
    {
        for (int key = 0; key < _stored.Length; key++)
        {
            await StoreAsync(key, report, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes every key as stored once, as another process did with the same name.</summary>
    public void TakeAsFilled()
    {
        Array.Fill(_stored, 1);
        Array.Fill(_tried, 1);
    }

    /// <summary>Stores and reads, until it is told to end.</summary>
    public async Task RunAsync(LoadReport report, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            int key = _random.Next(_stored.Length);
            if (_random.Next(4) == 0)
            {
                await StoreAsync(key, report, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await ReadAsync(key, report, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Reads every key, and waits for the server if it is away.</summary>
    public async Task CheckAsync(LoadReport report)
    {
        int patience = Patience;
        for (int key = 0; key < _stored.Length; key++)
        {
            while (!await ReadAsync(key, report, CancellationToken.None).ConfigureAwait(false))
            {
                if (--patience == 0)
                {
                    report.Wrong("the server did not come back");
                    return;
                }
            }
        }
    }

    public void Dispose() => _socket?.Dispose();

    private async Task StoreAsync(int key, LoadReport report, CancellationToken cancellationToken)
    {
        long version = ++_tried[key];
        byte[] value = ValueOf(key, version);
        byte[] line = Encoding.ASCII.GetBytes($"set {_prefix}-{key} {version % 1000} 0 {value.Length}\r\n");
        byte[] command = [.. line, .. value, .. "\r\n"u8];
        int length = await AskAsync(command, static answer => answer.EndsWith("\r\n"u8), report, cancellationToken).ConfigureAwait(false);
        if (length < 0)
        {
            return;
        }

        if (_buffer.AsSpan(0, length).SequenceEqual("STORED\r\n"u8))
        {
            _stored[key] = version;
            report.Stored();
        }
        else
        {
            report.Wrong($"set {_prefix}-{key}: {Encoding.ASCII.GetString(_buffer, 0, length).TrimEnd()}");
        }
    }

    private async Task<bool> ReadAsync(int key, LoadReport report, CancellationToken cancellationToken)
    {
        byte[] command = Encoding.ASCII.GetBytes($"get {_prefix}-{key}\r\n");
        int length = await AskAsync(command, static answer => answer.EndsWith("END\r\n"u8), report, cancellationToken)
            .ConfigureAwait(false);
        if (length < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> answer = _buffer.AsSpan(0, length);
        if (answer.SequenceEqual("END\r\n"u8))
        {
            if (_stored[key] == 0)
            {
                report.Missed();
            }
            else
            {
                report.Lost($"{_prefix}-{key}");
            }

            return true;
        }

        for (long version = _tried[key]; version >= Math.Max(_stored[key], 1); version--)
        {
            byte[] value = ValueOf(key, version);
            byte[] line = Encoding.ASCII.GetBytes($"VALUE {_prefix}-{key} {version % 1000} {value.Length}\r\n");
            byte[] right = [.. line, .. value, .. "\r\nEND\r\n"u8];
            if (answer.SequenceEqual(right))
            {
                _stored[key] = version;
                report.Hit();
                return true;
            }
        }

        report.Wrong($"{_prefix}-{key} has no value that it was given since version {_stored[key]}");
        return true;
    }

    /// <summary>Sends a command and receives its answer.</summary>
    /// <returns>The answer's length; -1 where the server was not there, or went away.</returns>
    private async Task<int> AskAsync(
        byte[] command, Func<ReadOnlySpan<byte>, bool> isWhole, LoadReport report, CancellationToken cancellationToken)
    {
        try
        {
            if (_socket is null)
            {
                var socket = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(_server, cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }

                _socket = socket;
            }

            await _socket.SendAsync(command, cancellationToken).ConfigureAwait(false);
            int length = 0;
            do
            {
                int read = await _socket.ReceiveAsync(_buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new SocketException((int)SocketError.ConnectionReset);
                }

                length += read;
            }
            while (!isWhole(_buffer.AsSpan(0, length)));

            report.Answered();
            return length;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            _socket?.Dispose();
            _socket = null;
            if (error is SocketException)
            {
                report.Down();
                await Task.Delay(1, CancellationToken.None).ConfigureAwait(false);
            }

            return -1;
        }
    }

    /// <summary>Makes a value that no other key and version has: its own name, and bytes that follow from it.</summary>
    private byte[] ValueOf(int key, long version)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}-{key}@{version}:");
        ulong hash = XxHash3.HashToUInt64(Encoding.ASCII.GetBytes(name));
        byte[] value = new byte[name.Length + (int)(hash % 1500)];
        int written = Encoding.ASCII.GetBytes(name, value);
        Span<byte> digits = stackalloc byte[16];
        Utf8Formatter.TryFormat(hash, digits, out _, new System.Buffers.StandardFormat('x', 16));
        for (int at = written; at < value.Length; at++)
        {
            value[at] = digits[at % digits.Length];
        }

        return value;
    }
}
