using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct luo_session_header_ser</c> (<c>include/linux/kho/abi/luo.h</c>, Linux 6.19 to 7.1),
/// in front of the sessions.</summary>
/// <param name="Count">The number of <see cref="LuoSessionSer"/> that follow without a gap, across pages.</param>
public readonly record struct LuoSessionHeaderSer(ulong Count) : IKhoSer<LuoSessionHeaderSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 8;

    /// <summary>Pages of the area (<c>kernel/liveupdate/luo_session.c</c>): a folio of order 4.</summary>
    public const int LUO_SESSION_PGCNT = 16;

    /// <summary>The most sessions.</summary>
    public const int LUO_SESSION_MAX = ((LUO_SESSION_PGCNT * 4096) - Size) / LuoSessionSer.Size;

    static int IKhoSer<LuoSessionHeaderSer>.SerSize => Size;

    /// <inheritdoc/>
    public static LuoSessionHeaderSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "luo_session_header_ser");
        return new LuoSessionHeaderSer(BinaryPrimitives.ReadUInt64LittleEndian(source));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt64LittleEndian(destination, Count);
}
