using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct memfd_luo_ser</c> of "memfd-v1" (<c>include/linux/kho/abi/memfd.h</c>, Linux 6.19 and 7.0),
/// which has no seals.</summary>
/// <param name="Pos">The file position in bytes.</param>
/// <param name="FileSize">The file's size in bytes (<c>size</c>).</param>
/// <param name="NrFolios">The number of <see cref="MemfdLuoFolioSer"/> in <paramref name="Folios"/>.</param>
/// <param name="Folios">The array's descriptor, all zero when there is no folio.</param>
public readonly record struct MemfdLuoSerV1(ulong Pos, ulong FileSize, ulong NrFolios, KhoVmalloc Folios) : IKhoSer<MemfdLuoSerV1>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 40;

    /// <summary>The handler's name in <see cref="LuoFileSer.Compatible"/>.</summary>
    public const string MEMFD_LUO_FH_COMPATIBLE = "memfd-v1";

    static int IKhoSer<MemfdLuoSerV1>.SerSize => Size;

    /// <inheritdoc/>
    public static MemfdLuoSerV1 Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "memfd_luo_ser (memfd-v1)");
        return new MemfdLuoSerV1(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            KhoVmalloc.Read(source[24..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Pos);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], FileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], NrFolios);
        Folios.Write(destination[24..]);
    }
}
