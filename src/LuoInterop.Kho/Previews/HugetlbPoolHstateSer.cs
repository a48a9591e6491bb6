using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct hugetlb_hstate_ser</c> of the first work on HugeTLB,
/// which handed over whole pools (the talk's option 1; never posted).</summary>
/// <param name="NrPages">The number of <see cref="HugetlbPoolFolioSer"/> in <paramref name="Folios"/>: all of the pool's pages.</param>
/// <param name="Order">The order of the pool's pages.</param>
/// <param name="Reserved">0.</param>
/// <param name="Folios">The array's descriptor.</param>
internal readonly record struct HugetlbPoolHstateSer(ulong NrPages, uint Order, uint Reserved, KhoVmalloc Folios)
    : IKhoSer<HugetlbPoolHstateSer>
{
    public const int Size = 32;

    static int IKhoSer<HugetlbPoolHstateSer>.SerSize => Size;

    public static HugetlbPoolHstateSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "hugetlb_hstate_ser");
        return new HugetlbPoolHstateSer(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            KhoVmalloc.Read(source[16..]));
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, NrPages);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Order);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], Reserved);
        Folios.Write(destination[16..]);
    }
}
