using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct khoser_mem_chunk_hdr</c> (<c>kernel/kexec_handover.c</c>, Linux 6.16 to 7.0).</summary>
/// <param name="Next">The physical address of the next chunk, 0 in the last.</param>
/// <param name="Order">The order of every piece in the chunk's bitmaps.</param>
/// <param name="NumElms">The number of <see cref="KhoserMemBitmapPtr"/> that follow.</param>
public readonly record struct KhoserMemChunkHdr(ulong Next, uint Order, uint NumElms) : IKhoSer<KhoserMemChunkHdr>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 16;

    /// <summary>The most bitmaps of a chunk (<c>KHOSER_BITMAP_SIZE</c>).</summary>
    public const int KHOSER_BITMAP_SIZE = (4096 - Size) / KhoserMemBitmapPtr.Size;

    static int IKhoSer<KhoserMemChunkHdr>.SerSize => Size;

    /// <inheritdoc/>
    public static KhoserMemChunkHdr Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "khoser_mem_chunk_hdr");
        return new KhoserMemChunkHdr(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Next);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Order);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], NumElms);
    }
}
