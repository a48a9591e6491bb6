using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct luo_flb_ser</c> (<c>include/linux/kho/abi/luo.h</c>, since Linux 7.0).</summary>
/// <param name="Name">The object's name, one character per byte.</param>
/// <param name="Data">The object's own value.</param>
/// <param name="Count">The number of preserved files that depend on the object.</param>
public readonly record struct LuoFlbSer(string Name, ulong Data, ulong Count) : IKhoSer<LuoFlbSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 64;

    /// <summary>The kernel's <c>LIVEUPDATE_FLB_COMPAT_LENGTH</c>.</summary>
    public const int LIVEUPDATE_FLB_COMPAT_LENGTH = 48;

    static int IKhoSer<LuoFlbSer>.SerSize => Size;

    /// <inheritdoc/>
    public static LuoFlbSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "luo_flb_ser");
        return new LuoFlbSer(
            SerName.Read(source[..LIVEUPDATE_FLB_COMPAT_LENGTH]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[56..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        SerName.Write(Name, destination[..LIVEUPDATE_FLB_COMPAT_LENGTH]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[48..], Data);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[56..], Count);
    }
}
