using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct memfd_luo_folio_ser</c> (<c>include/linux/kho/abi/memfd.h</c>, since Linux 6.19).</summary>
/// <param name="Pfn">The folio's page frame number, below 2^52. The kernel skips an entry whose number is 0.</param>
/// <param name="Flags">MEMFD_LUO_FOLIO_ bits, below 2^12.</param>
/// <param name="Index">The folio's page offset in the file.</param>
internal readonly record struct MemfdLuoFolioSer(ulong Pfn, ushort Flags, ulong Index) : IKhoSer<MemfdLuoFolioSer>
{
    public const int Size = 16;

    public const int PfnBits = 52;

    public const ulong MaxPfn = (1UL << PfnBits) - 1;

    public const ushort MaxFlags = 0xfff;

    public const ushort MEMFD_LUO_FOLIO_DIRTY = 1 << 0;
    public const ushort MEMFD_LUO_FOLIO_UPTODATE = 1 << 1;

    static int IKhoSer<MemfdLuoFolioSer>.SerSize => Size;

    public static MemfdLuoFolioSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "memfd_luo_folio_ser");
        ulong word = BinaryPrimitives.ReadUInt64LittleEndian(source);
        return new MemfdLuoFolioSer(word & MaxPfn, (ushort)(word >> PfnBits), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    public void Write(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Pfn, MaxPfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Flags, MaxFlags);
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Pfn | ((ulong)Flags << PfnBits));
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Index);
    }
}
