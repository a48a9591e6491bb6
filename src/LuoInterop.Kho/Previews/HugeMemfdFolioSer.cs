using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct hugemfd_folio_ser</c> (<c>include/linux/kho/abi/hugetlb.h</c> of the RFC,
/// 20251206230222.853493-11-pratyush@kernel.org).</summary>
/// <remarks>Laid out as <see cref="MemfdLuoFolioSer"/>.</remarks>
/// <param name="Pfn">The huge page's first page frame number, below 2^52.</param>
/// <param name="Reserved">Bits for later, below 2^12; the kernel writes 0 and does not look at them.</param>
/// <param name="Index">The huge page's offset in the file, in pages of 4 KiB.</param>
internal readonly record struct HugeMemfdFolioSer(ulong Pfn, ushort Reserved, ulong Index) : IKhoSer<HugeMemfdFolioSer>
{
    public const int Size = MemfdLuoFolioSer.Size;

    static int IKhoSer<HugeMemfdFolioSer>.SerSize => Size;

    public static HugeMemfdFolioSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "hugemfd_folio_ser");
        MemfdLuoFolioSer same = MemfdLuoFolioSer.Read(source);
        return new HugeMemfdFolioSer(same.Pfn, same.Flags, same.Index);
    }

    public void Write(Span<byte> destination) => new MemfdLuoFolioSer(Pfn, Reserved, Index).Write(destination);
}
