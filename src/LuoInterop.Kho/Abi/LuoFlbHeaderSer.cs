using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct luo_flb_header_ser</c> (<c>include/linux/kho/abi/luo.h</c>, since Linux 7.0).</summary>
/// <param name="PgCnt">The pages of the area, header included; <see cref="LUO_FLB_PGCNT"/>.</param>
/// <param name="Count">The number of <see cref="LuoFlbSer"/> that follow.</param>
public readonly record struct LuoFlbHeaderSer(ulong PgCnt, ulong Count) : IKhoSer<LuoFlbHeaderSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 16;

    /// <summary>Pages that the kernel uses (<c>kernel/liveupdate/luo_flb.c</c>).</summary>
    public const int LUO_FLB_PGCNT = 1;

    /// <summary>The most entries (<c>kernel/liveupdate/luo_flb.c</c>).</summary>
    public const int LUO_FLB_MAX = ((LUO_FLB_PGCNT * 4096) - Size) / LuoFlbSer.Size;

    static int IKhoSer<LuoFlbHeaderSer>.SerSize => Size;

    /// <inheritdoc/>
    public static LuoFlbHeaderSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "luo_flb_header_ser");
        return new LuoFlbHeaderSer(
            BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, PgCnt);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Count);
    }
}
