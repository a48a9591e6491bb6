using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct luo_ser</c> (<c>include/linux/kho/abi/luo.h</c>, Linux 7.2 and 7.3): the blob of the sub-tree LUO.</summary>
/// <param name="Compatible">The format's name, 8 bytes; <see cref="LUO_ABI_COMPATIBLE"/>.</param>
/// <param name="LiveupdateNum">The number of the update that this blob is handed to: 1 when written by a cold boot.</param>
/// <param name="SessionsPa">The physical address of the first session block; 0 for none, and always before the freeze.</param>
/// <param name="FlbsPa">The physical address of the page of FLBs (file-lifecycle-bound objects), which is there from boot on.</param>
public readonly record struct LuoSer(string Compatible, ulong LiveupdateNum, ulong SessionsPa, ulong FlbsPa) : IKhoSer<LuoSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 32;

    /// <summary>The sub-tree's name in the KHO tree.</summary>
    public const string LUO_KHO_ENTRY_NAME = "LUO";

    /// <summary>The kernel's <c>LUO_ABI_COMPATIBLE</c>.</summary>
    public const string LUO_ABI_COMPATIBLE = "luo-v5";

    /// <summary>The kernel's <c>LUO_ABI_COMPAT_LEN</c>.</summary>
    public const int LUO_ABI_COMPAT_LEN = 8;

    static int IKhoSer<LuoSer>.SerSize => Size;

    /// <inheritdoc/>
    public static LuoSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "luo_ser");
        return new LuoSer(
            SerName.Read(source[..LUO_ABI_COMPAT_LEN]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        SerName.Write(Compatible, destination[..LUO_ABI_COMPAT_LEN]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], LiveupdateNum);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], SessionsPa);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], FlbsPa);
    }
}
