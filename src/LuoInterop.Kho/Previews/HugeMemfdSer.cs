using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct hugemfd_ser</c> (<c>include/linux/kho/abi/hugetlb.h</c> of the RFC,
/// 20251206230222.853493-11-pratyush@kernel.org).</summary>
/// <param name="FileSize">The file's size in bytes (<c>size</c>).</param>
/// <param name="Pos">The file position in bytes, taken again at the freeze.</param>
/// <param name="NrFolios">The number of <see cref="HugeMemfdFolioSer"/> in <paramref name="Folios"/>.</param>
/// <param name="Folios">The array's descriptor, all zero for an empty file.</param>
/// <param name="Order">The order of the file's huge pages: 9 is 2 MiB, 18 is 1 GiB.</param>
internal readonly record struct HugeMemfdSer(ulong FileSize, ulong Pos, ulong NrFolios, KhoVmalloc Folios, byte Order)
    : IKhoSer<HugeMemfdSer>
{
    /// <summary>The structure is packed: the order is its last byte.</summary>
    public const int Size = 41;

    /// <summary>The handler's name in <see cref="LuoFileSer.Compatible"/>.</summary>
    public const string HUGE_MEMFD_COMPATIBLE = "huge-memfd-v1";

    static int IKhoSer<HugeMemfdSer>.SerSize => Size;

    public static HugeMemfdSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "hugemfd_ser");
        return new HugeMemfdSer(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            KhoVmalloc.Read(source[24..]),
            source[40]);
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, FileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Pos);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], NrFolios);
        Folios.Write(destination[24..]);
        destination[40] = Order;
    }
}
