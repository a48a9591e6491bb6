using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct memfd_luo_ser</c> of "memfd-v2" (<c>include/linux/kho/abi/memfd.h</c>, Linux 7.1 to 7.3).</summary>
/// <param name="Pos">The file position in bytes, taken at the freeze.</param>
/// <param name="FileSize">The file's size in bytes (<c>size</c>).</param>
/// <param name="Seals">F_SEAL_ bits, taken at PRESERVE_FD.</param>
/// <param name="Flags">0; no flag exists.</param>
/// <param name="NrFolios">The number of <see cref="MemfdLuoFolioSer"/> in <paramref name="Folios"/>.</param>
/// <param name="Folios">The array's descriptor, all zero when there is no folio.</param>
public readonly record struct MemfdLuoSer(ulong Pos, ulong FileSize, uint Seals, uint Flags, ulong NrFolios, KhoVmalloc Folios)
    : IKhoSer<MemfdLuoSer>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 48;

    /// <summary>The handler's name in <see cref="LuoFileSer.Compatible"/>.</summary>
    public const string MEMFD_LUO_FH_COMPATIBLE = "memfd-v2";

    /// <summary>The seals that can be carried: SEAL, SHRINK, GROW, WRITE, FUTURE_WRITE, EXEC.</summary>
    public const uint MEMFD_LUO_ALL_SEALS = 0x3f;

    static int IKhoSer<MemfdLuoSer>.SerSize => Size;

    /// <inheritdoc/>
    public static MemfdLuoSer Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "memfd_luo_ser");
        return new MemfdLuoSer(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[20..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            KhoVmalloc.Read(source[32..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Pos);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], FileSize);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[16..], Seals);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[20..], Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], NrFolios);
        Folios.Write(destination[32..]);
    }
}
