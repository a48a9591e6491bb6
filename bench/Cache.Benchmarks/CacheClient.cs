using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LuoInterop.Cache.Benchmarks;

/// <summary>Is a client of a cache over one connection, which holds each value against what was stored.</summary>
internal sealed class CacheClient : IDisposable
{
    private const int KeysAtOnce = 100;

    private readonly CacheItems _items;
    private readonly Socket _socket;
    private readonly byte[] _expected;
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    private CacheClient(CacheItems items, Socket socket)
    {
        _items = items;
        _socket = socket;
        _expected = new byte[items.ValueBytes];
    }

    /// <summary>Connects to a server at a Unix socket; null where none is there yet.</summary>
    public static CacheClient? TryConnect(CacheItems items, string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new CacheClient(items, socket);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Sends the commands of a file, and waits until the server did them all.</summary>
    public void Send(string path)
    {
        _socket.SendFile(path);
        Ask("version\r\n");
        string line = ReadLine();
        if (!line.StartsWith("VERSION ", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The server answered the stores: {line}");
        }
    }

    /// <summary>Asks for one key.</summary>
    public bool Hits(int number)
    {
        Ask($"get {CacheItems.Key(number)}\r\n");
        return ReadValues() == 1;
    }

    /// <summary>Asks for every key, several at once and the next before the answer.</summary>
    /// <returns>How many were there.</returns>
    public int CountHits()
    {
        int hits = 0;
        AskFrom(0);
        for (int first = 0; first < _items.Count; first += KeysAtOnce)
        {
            AskFrom(first + KeysAtOnce);
            hits += ReadValues();
        }

        return hits;
    }

    public void Dispose() => _socket.Dispose();

    private void AskFrom(int first)
    {
        if (first < _items.Count)
        {
            IEnumerable<string> keys = Enumerable.Range(first, Math.Min(KeysAtOnce, _items.Count - first)).Select(CacheItems.Key);
            Ask($"get {string.Join(' ', keys)}\r\n");
        }
    }

    private void Ask(string command)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(command);
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += _socket.Send(bytes.AsSpan(sent));
        }
    }

    /// <summary>Reads one answer to a <c>get</c>: how many values it has.</summary>
    /// <exception cref="InvalidOperationException">A value is not what was stored, or the answer is none.</exception>
    private int ReadValues()
    {
        int count = 0;
        for (string line = ReadLine(); line != "END"; line = ReadLine(), count++)
        {
            // VALUE key flags bytes
            string[] words = line.Split(' ');
            if (words is not ["VALUE", var key, "0", var length]
                || int.Parse(length, CultureInfo.InvariantCulture) != _items.ValueBytes
                || !int.TryParse(key.AsSpan(4), CultureInfo.InvariantCulture, out int number))
            {
                throw new InvalidOperationException($"The server answered: {line}");
            }

            Require(_items.ValueBytes + 2);
            _items.WriteValue(number, _expected);
            if (!_buffer.AsSpan(_start, _items.ValueBytes).SequenceEqual(_expected))
            {
                throw new InvalidOperationException($"{key} has another value than was stored.");
            }

            _start += _items.ValueBytes + 2;
        }

        return count;
    }

    private string ReadLine()
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0)
        {
            Require(_end - _start + 1);
        }

        string line = Encoding.ASCII.GetString(_buffer, _start, length);
        _start += length + 2;
        return line;
    }

    /// <summary>Receives until so many bytes are there.</summary>
    private void Require(int count)
    {
        if (_buffer.Length - _start < count)
        {
            byte[] next = new byte[Math.Max(_buffer.Length, 2 * count)];
            _buffer.AsSpan(_start, _end - _start).CopyTo(next);
            (_buffer, _end, _start) = (next, _end - _start, 0);
        }

        while (_end - _start < count)
        {
            int received = _socket.Receive(_buffer.AsSpan(_end));
            if (received == 0)
            {
                throw new InvalidOperationException("The server closed the connection.");
            }

            _end += received;
        }
    }
}
