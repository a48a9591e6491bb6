using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct fdt_header</c> (<c>scripts/dtc/libfdt/fdt.h</c>), big-endian.</summary>
/// <param name="TotalSize">Bytes of the whole tree.</param>
/// <param name="OffDtStruct">Offset of the structure block.</param>
/// <param name="OffDtStrings">Offset of the strings block.</param>
/// <param name="OffMemRsvmap">Offset of the memory reservation block.</param>
/// <param name="Version">The format's version.</param>
/// <param name="LastCompVersion">The oldest version that readers may know.</param>
/// <param name="BootCpuidPhys">The boot processor; 0.</param>
/// <param name="SizeDtStrings">Bytes of the strings block.</param>
/// <param name="SizeDtStruct">Bytes of the structure block.</param>
public readonly record struct KhoFdtHeader(
    uint TotalSize,
    uint OffDtStruct,
    uint OffDtStrings,
    uint OffMemRsvmap,
    uint Version,
    uint LastCompVersion,
    uint BootCpuidPhys,
    uint SizeDtStrings,
    uint SizeDtStruct) : IKhoSer<KhoFdtHeader>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 40;

    /// <summary>The kernel's <c>FDT_MAGIC</c>.</summary>
    public const uint FDT_MAGIC = 0xd00dfeed;

    // What the kernel's libfdt writes.
    /// <summary>The kernel's <c>FDT_LAST_SUPPORTED_VERSION</c>.</summary>
    public const uint FDT_LAST_SUPPORTED_VERSION = 17;
    /// <summary>The kernel's <c>FDT_LAST_COMPATIBLE_VERSION</c>.</summary>
    public const uint FDT_LAST_COMPATIBLE_VERSION = 16;

    /// <summary>The largest tree that is read. The kernel's trees of KHO and LUO are one page.</summary>
    public const uint MaxTotalSize = 1 << 20;

    static int IKhoSer<KhoFdtHeader>.SerSize => Size;

    /// <summary>Decodes the header and checks it against itself, not against the length of the bytes behind it.</summary>
    /// <exception cref="KhoFormatException">Truncated, BadMagic, UnsupportedVersion, TooLarge or BadLayout.</exception>
    public static KhoFdtHeader Read(ReadOnlySpan<byte> source)
    {
        if (source.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(source) != FDT_MAGIC)
        {
            throw new KhoFormatException(KhoFormatError.BadMagic, "The bytes are not a flattened device tree.", Errno.EINVAL);
        }

        KhoFormatException.RequireSize(source, Size, "fdt_header");
        var header = new KhoFdtHeader(
            Word(source, 1), Word(source, 2), Word(source, 3), Word(source, 4), Word(source, 5), Word(source, 6), Word(source, 7),
            Word(source, 8), Word(source, 9));
        if (header.Version < FDT_LAST_SUPPORTED_VERSION || header.LastCompVersion > FDT_LAST_SUPPORTED_VERSION)
        {
            throw new KhoFormatException(
                KhoFormatError.UnsupportedVersion,
                $"The device tree has version {header.Version}, compatible with {header.LastCompVersion}; 17 is known.",
                Errno.EINVAL);
        }

        if (header.TotalSize > MaxTotalSize)
        {
            throw new KhoFormatException(
                KhoFormatError.TooLarge, $"The device tree says {header.TotalSize} bytes; {MaxTotalSize} are read at most.", Errno.EINVAL);
        }

        if (!header.Holds(header.OffDtStruct, header.SizeDtStruct)
            || !header.Holds(header.OffDtStrings, header.SizeDtStrings)
            || !header.Holds(header.OffMemRsvmap, 16)
            || header.OffDtStruct % 4 != 0)
        {
            throw new KhoFormatException(KhoFormatError.BadLayout, "A block of the device tree lies outside the tree.", Errno.EINVAL);
        }

        return header;
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        ReadOnlySpan<uint> words =
        [
            FDT_MAGIC, TotalSize, OffDtStruct, OffDtStrings, OffMemRsvmap, Version, LastCompVersion, BootCpuidPhys, SizeDtStrings,
            SizeDtStruct,
        ];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[(i * 4)..], words[i]);
        }
    }

    private bool Holds(uint offset, uint length) => offset >= Size && (ulong)offset + length <= TotalSize;

    private static uint Word(ReadOnlySpan<byte> source, int index) => BinaryPrimitives.ReadUInt32BigEndian(source[(index * 4)..]);
}
