namespace LuoInterop.KernelImages.Containers;

/// <summary>Reads a range of a stream as a stream of its own. The stream below stays open, and is not read by others meanwhile.</summary>
internal sealed class StreamPart : Stream
{
    private const int AheadSize = 16 << 10;

    private readonly Stream _whole;
    private readonly long _offset;
    private readonly long _length;
    private long _position;

    // Unpackers read byte by byte.
    private byte[]? _ahead;
    private long _aheadStart;
    private int _aheadLength;

    /// <param name="whole">The stream, which can seek.</param>
    /// <param name="offset">Where the range begins.</param>
    /// <param name="length">The bytes of the range.</param>
    /// <exception cref="KernelImageException">The range does not lie in the stream.</exception>
    public StreamPart(Stream whole, long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > whole.Length || length > whole.Length - offset)
        {
            throw new KernelImageException(
                KernelImageError.Cut, $"The end is missing: {length} bytes at {offset} are promised, and there are {whole.Length}.");
        }

        _whole = whole;
        _offset = offset;
        _length = length;
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    /// <summary>Reads bytes at a place; fewer where the range ends.</summary>
    public int ReadAt(long position, Span<byte> buffer)
    {
        if (position < 0 || position >= _length)
        {
            return 0;
        }

        _position = position;
        return this.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
    }

    public override int Read(Span<byte> buffer)
    {
        if (_position >= _length || buffer.IsEmpty)
        {
            return 0;
        }

        _whole.Position = _offset + _position;
        int count = _whole.Read(buffer[..(int)Math.Min(buffer.Length, _length - _position)]);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int ReadByte()
    {
        long at = _position - _aheadStart;
        if (at < 0 || at >= _aheadLength)
        {
            _ahead ??= new byte[AheadSize];
            _aheadStart = _position;
            _aheadLength = Read(_ahead.AsSpan());
            if (_aheadLength == 0)
            {
                return -1;
            }

            _position = _aheadStart;
            at = 0;
        }

        _position++;
        return _ahead![at];
    }

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => _length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
