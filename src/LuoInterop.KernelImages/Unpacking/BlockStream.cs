using System.Buffers.Binary;
using LuoInterop.KernelImages.Containers;

namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Unpacks what is packed block by block, one block in memory at a time.</summary>
/// <param name="packed">The packed bytes.</param>
internal abstract class BlockStream(StreamPart packed) : Stream
{
    private ReadOnlyMemory<byte> _block;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    protected StreamPart Packed { get; } = packed;

    public override int Read(Span<byte> buffer)
    {
        while (_block.IsEmpty && !_ended && !buffer.IsEmpty)
        {
            _block = Next();
            _ended = _block.IsEmpty;
        }

        int count = Math.Min(buffer.Length, _block.Length);
        _block.Span[..count].CopyTo(buffer);
        _block = _block[count..];
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Unpacks the next block, which is valid until the one after it; empty at the end.</summary>
    protected abstract ReadOnlyMemory<byte> Next();

    /// <summary>Makes room for a block; a buffer that is there already is used again.</summary>
    protected static byte[] Room(ref byte[] buffer, int length) => buffer.Length >= length ? buffer : buffer = new byte[length];

    protected void Fill(Span<byte> bytes)
    {
        if (Packed.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new KernelImageException(KernelImageError.Cut, "The packed kernel ends within a block.");
        }
    }

    protected uint UInt32BigEndian()
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        Fill(word);
        return BinaryPrimitives.ReadUInt32BigEndian(word);
    }
}
