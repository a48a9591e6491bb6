using System.Net.Sockets;

namespace MiniVmm.Control;

/// <summary>Is one connection: lines first, and bytes after a request that makes it a console.</summary>
/// <remarks>Not for several readers or several writers at once.</remarks>
internal sealed class ControlStream : IDisposable
{
    private const int FirstSize = 512;

    private readonly NetworkStream _stream;
    private byte[] _buffer = new byte[FirstSize];
    private int _start;
    private int _end;

    /// <summary>Wraps a socket, which belongs to this object from now on.</summary>
    public ControlStream(Socket socket) => _stream = new NetworkStream(socket, ownsSocket: true);

    /// <summary>Reads a line, without its end.</summary>
    /// <returns>The line, which the next call overwrites; null at the end of the stream, which may lie within a line.</returns>
    /// <exception cref="ControlException">The line is longer than <see cref="ControlLine.MaxBytes"/>.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadLineAsync(CancellationToken cancellation)
    {
        int searched = 0;
        while (true)
        {
            int at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, searched + at);
                _start += line.Length + 1;
                return line.Length <= ControlLine.MaxBytes ? line : throw TooLong();
            }

            searched = _end - _start;
            if (searched > ControlLine.MaxBytes)
            {
                throw TooLong();
            }

            MakeRoom();
            int count = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (count == 0)
            {
                return null;
            }

            _end += count;
        }
    }

    /// <summary>Reads bytes: first what came with the last line.</summary>
    /// <returns>How many; 0 at the end.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_start == _end)
        {
            return await _stream.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        }

        int count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    /// <summary>Writes a line.</summary>
    public ValueTask WriteLineAsync(byte[] line, CancellationToken cancellation) =>
        _stream.WriteAsync((byte[])[.. line, (byte)'\n'], cancellation);

    /// <summary>Writes bytes.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => _stream.WriteAsync(bytes, cancellation);

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _stream.Dispose();

    private void MakeRoom()
    {
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }

    private static ControlException TooLong() => new($"a line may have {ControlLine.MaxBytes} bytes.");
}
