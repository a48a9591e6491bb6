using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct hugetlb_hstate_ser</c> (<c>include/linux/kho/abi/hugetlb.h</c> of the RFC,
/// 20251206230222.853493-7-pratyush@kernel.org).</summary>
/// <param name="NrPages">The number of this pool's pages that are preserved.</param>
/// <param name="Order">The order of the pool's pages: 9 is 2 MiB, 18 is 1 GiB.</param>
internal readonly record struct HugetlbHstateSer(ulong NrPages, byte Order) : IKhoSer<HugetlbHstateSer>
{
    /// <summary>The structure is packed.</summary>
    public const int Size = 9;

    static int IKhoSer<HugetlbHstateSer>.SerSize => Size;

    public static HugetlbHstateSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "hugetlb_hstate_ser");
        return new HugetlbHstateSer(BinaryPrimitives.ReadUInt64LittleEndian(source), source[8]);
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, NrPages);
        destination[8] = Order;
    }
}
