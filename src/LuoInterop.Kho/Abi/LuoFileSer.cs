using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct luo_file_ser</c> (<c>include/linux/kho/abi/luo.h</c>, since Linux 6.19).</summary>
/// <param name="Compatible">The file handler's name, for example <see cref="MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE"/>.</param>
/// <param name="Data">The handler's own value; for a memfd the physical address of its <see cref="MemfdLuoSer"/>.</param>
/// <param name="Token">The number that the program gave.</param>
public readonly record struct LuoFileSer(string Compatible, ulong Data, ulong Token) : IKhoSer<LuoFileSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 64;

    /// <summary>The kernel's <c>LIVEUPDATE_HNDL_COMPAT_LENGTH</c>.</summary>
    public const int LIVEUPDATE_HNDL_COMPAT_LENGTH = 48;

    /// <summary>Pages of a session's array of files, Linux 6.19 to 7.1 (<c>kernel/liveupdate/luo_file.c</c>): a folio of order 1.</summary>
    public const int LUO_FILE_PGCNT = 2;

    /// <summary>The most files of a session, Linux 6.19 to 7.1.</summary>
    public const int LUO_FILE_MAX = LUO_FILE_PGCNT * 4096 / Size;

    /// <summary>Files in one block, since Linux 7.2.</summary>
    public const int PerBlock = (KhoBlockHeaderSer.KHO_BLOCK_SIZE - KhoBlockHeaderSer.Size) / Size;

    static int IKhoSer<LuoFileSer>.SerSize => Size;

    /// <inheritdoc/>
    public static LuoFileSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "luo_file_ser");
        return new LuoFileSer(
            SerName.Read(source[..LIVEUPDATE_HNDL_COMPAT_LENGTH]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[56..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        SerName.Write(Compatible, destination[..LIVEUPDATE_HNDL_COMPAT_LENGTH]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[48..], Data);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[56..], Token);
    }
}
