using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct luo_session_ser</c> (<c>include/linux/kho/abi/luo.h</c>, since Linux 6.19).</summary>
/// <param name="Name">The session's name, one character per byte; see <see cref="SerName"/>.</param>
/// <param name="Files">The physical address of the first file block (to Linux 7.1: of the array of files),
/// 0 for a session without files.</param>
/// <param name="Count">The number of files.</param>
public readonly record struct LuoSessionSer(string Name, ulong Files, ulong Count) : IKhoSer<LuoSessionSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 80;

    /// <summary>The kernel's <c>LIVEUPDATE_SESSION_NAME_LENGTH</c>.</summary>
    public const int LIVEUPDATE_SESSION_NAME_LENGTH = 64;

    /// <summary>Sessions in one block, since Linux 7.2.</summary>
    public const int PerBlock = (KhoBlockHeaderSer.KHO_BLOCK_SIZE - KhoBlockHeaderSer.Size) / Size;

    static int IKhoSer<LuoSessionSer>.SerSize => Size;

    /// <inheritdoc/>
    public static LuoSessionSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "luo_session_ser");
        return new LuoSessionSer(
            SerName.Read(source[..LIVEUPDATE_SESSION_NAME_LENGTH]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[64..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[72..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        SerName.Write(Name, destination[..LIVEUPDATE_SESSION_NAME_LENGTH]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[64..], Files);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[72..], Count);
    }
}
