using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Previews;

/// <summary>Codes <c>struct guest_memfd_luo_ser</c> of "guest_memfd_luo_v1".</summary>
/// <remarks>Posted, not merged: <c>include/linux/kho/abi/kvm.h</c> of v4, 20260728121138.1103610-1-tarunsahu@google.com.</remarks>
/// <param name="FileSize">The file's size in bytes (<c>size</c>), a multiple of the page size, never 0.</param>
/// <param name="Flags">GUEST_MEMFD_LUO_FLAG_ bits.</param>
/// <param name="NrFolios">The number of <see cref="GuestMemfdLuoFolioSer"/> in <paramref name="Folios"/>.</param>
/// <param name="VmToken">The token of the VM in the same session, found at the freeze; 0 before.</param>
/// <param name="Folios">The array's descriptor, all zero when there is no folio.</param>
internal readonly record struct GuestMemfdLuoSer(ulong FileSize, ulong Flags, ulong NrFolios, ulong VmToken, KhoVmalloc Folios)
    : IKhoSer<GuestMemfdLuoSer>
{
    public const int Size = 48;

    /// <summary>The handler's name in <see cref="LuoFileSer.Compatible"/>.</summary>
    public const string GUEST_MEMFD_LUO_FH_COMPATIBLE = "guest_memfd_luo_v1";

    public const ulong GUEST_MEMFD_LUO_FLAG_MMAP = 1 << 0;
    public const ulong GUEST_MEMFD_LUO_FLAG_INIT_SHARED = 1 << 1;
    public const ulong GUEST_MEMFD_LUO_SUPPORTED_FLAGS = GUEST_MEMFD_LUO_FLAG_MMAP | GUEST_MEMFD_LUO_FLAG_INIT_SHARED;

    static int IKhoSer<GuestMemfdLuoSer>.SerSize => Size;

    public static GuestMemfdLuoSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "guest_memfd_luo_ser");
        return new GuestMemfdLuoSer(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            KhoVmalloc.Read(source[32..]));
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, FileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], NrFolios);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], VmToken);
        Folios.Write(destination[32..]);
    }
}
