using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct guest_memfd_luo_folio_ser</c>, one page of a guest_memfd that was present.</summary>
/// <remarks>Laid out as <see cref="MemfdLuoFolioSer"/>. Posted, not merged: <c>include/linux/kho/abi/kvm.h</c> of v4,
/// 20260728121138.1103610-1-tarunsahu@google.com.</remarks>
/// <param name="Pfn">The folio's page frame number, below 2^52. The kernel skips an entry whose number is 0.</param>
/// <param name="Flags">GUEST_MEMFD_LUO_FOLIO_ bits, below 2^12.</param>
/// <param name="Index">The folio's page offset in the file.</param>
internal readonly record struct GuestMemfdLuoFolioSer(ulong Pfn, ushort Flags, ulong Index) : IKhoSer<GuestMemfdLuoFolioSer>
{
    public const int Size = MemfdLuoFolioSer.Size;

    /// <summary>The page has its content; without it the page is zeroed when it is first touched.</summary>
    public const ushort GUEST_MEMFD_LUO_FOLIO_UPTODATE = 1 << 0;

    static int IKhoSer<GuestMemfdLuoFolioSer>.SerSize => Size;

    public static GuestMemfdLuoFolioSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "guest_memfd_luo_folio_ser");
        MemfdLuoFolioSer same = MemfdLuoFolioSer.Read(source);
        return new GuestMemfdLuoFolioSer(same.Pfn, same.Flags, same.Index);
    }

    public void Write(Span<byte> destination) => new MemfdLuoFolioSer(Pfn, Flags, Index).Write(destination);
}
