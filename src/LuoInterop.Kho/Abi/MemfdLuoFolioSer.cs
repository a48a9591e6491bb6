using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct memfd_luo_folio_ser</c> (<c>include/linux/kho/abi/memfd.h</c>, since Linux 6.19).</summary>
/// <param name="Pfn">The folio's page frame number, below 2^52. The kernel skips an entry whose number is 0.</param>
/// <param name="Flags">MEMFD_LUO_FOLIO_ bits, below 2^12.</param>
/// <param name="Index">The folio's page offset in the file.</param>
public readonly record struct MemfdLuoFolioSer(ulong Pfn, ushort Flags, ulong Index) : IKhoSer<MemfdLuoFolioSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 16;

    /// <summary>The bits that the record has for a page frame number.</summary>
    public const int PfnBits = 52;

    /// <summary>The highest page frame number that the record can hold.</summary>
    public const ulong MaxPfn = (1UL << PfnBits) - 1;

    /// <summary>The highest flags that the record can hold.</summary>
    public const ushort MaxFlags = 0xfff;

    /// <summary>The kernel's <c>MEMFD_LUO_FOLIO_DIRTY</c>.</summary>
    public const ushort MEMFD_LUO_FOLIO_DIRTY = 1 << 0;
    /// <summary>The kernel's <c>MEMFD_LUO_FOLIO_UPTODATE</c>.</summary>
    public const ushort MEMFD_LUO_FOLIO_UPTODATE = 1 << 1;

    static int IKhoSer<MemfdLuoFolioSer>.SerSize => Size;

    /// <inheritdoc/>
    public static MemfdLuoFolioSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "memfd_luo_folio_ser");
        ulong word = BinaryPrimitives.ReadUInt64LittleEndian(source);
        return new MemfdLuoFolioSer(word & MaxPfn, (ushort)(word >> PfnBits), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Pfn, MaxPfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Flags, MaxFlags);
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Pfn | ((ulong)Flags << PfnBits));
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Index);
    }
}
