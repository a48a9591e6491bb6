using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct kho_block_header_ser</c> (<c>include/linux/kho/abi/block.h</c>, since Linux 7.2).</summary>
/// <param name="Next">The physical address of the next block, 0 in the last.</param>
/// <param name="Count">The number of entries that follow.</param>
public readonly record struct KhoBlockHeaderSer(ulong Next, ulong Count) : IKhoSer<KhoBlockHeaderSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 16;

    /// <summary>Bytes of a block: one page, header included.</summary>
    public const int KHO_BLOCK_SIZE = 4096;

    /// <summary>The most blocks of a chain (<c>kernel/liveupdate/kho_block.c</c>).</summary>
    public const int KHO_MAX_BLOCKS = 10000;

    static int IKhoSer<KhoBlockHeaderSer>.SerSize => Size;

    /// <inheritdoc/>
    public static KhoBlockHeaderSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kho_block_header_ser");
        return new KhoBlockHeaderSer(
            BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Next);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Count);
    }
}
