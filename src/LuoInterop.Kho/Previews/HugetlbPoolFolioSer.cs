using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct hugetlb_folio_ser</c> of the first work on HugeTLB, which handed over whole pools (the talk's option 1;
/// never posted).</summary>
/// <param name="Pfn">The huge page's first page frame number, below 2^52.</param>
/// <param name="IsFree">Whether no preserved file has the page.</param>
/// <param name="Reserved">Bits for later, below 2^11.</param>
internal readonly record struct HugetlbPoolFolioSer(ulong Pfn, bool IsFree, ushort Reserved) : IKhoSer<HugetlbPoolFolioSer>
{
    public const int Size = 8;

    public const int PfnBits = 52;

    public const ulong MaxPfn = (1UL << PfnBits) - 1;

    public const ushort MaxReserved = 0x7ff;

    static int IKhoSer<HugetlbPoolFolioSer>.SerSize => Size;

    public static HugetlbPoolFolioSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "hugetlb_folio_ser");
        ulong word = BinaryPrimitives.ReadUInt64LittleEndian(source);
        return new HugetlbPoolFolioSer(word & MaxPfn, ((word >> PfnBits) & 1) != 0, (ushort)(word >> (PfnBits + 1)));
    }

    public void Write(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Pfn, MaxPfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Reserved, MaxReserved);
        BinaryPrimitives.WriteUInt64LittleEndian(
            destination, Pfn | ((IsFree ? 1UL : 0) << PfnBits) | ((ulong)Reserved << (PfnBits + 1)));
    }
}
