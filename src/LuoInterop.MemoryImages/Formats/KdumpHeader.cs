using System.Buffers.Binary;
using System.Text;
using LuoInterop.MemoryImages.Bytes;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Reads <c>struct disk_dump_header</c> and <c>struct kdump_sub_header</c> of a 64-bit machine (makedumpfile's
/// <c>diskdump_mod.h</c>, <c>include/sysemu/dump.h</c> of QEMU).</summary>
internal sealed record KdumpHeader
{
    /// <summary>The newest version: page frame numbers of 64 bits.</summary>
    public const int NewestVersion = 6;

    public const int DUMP_DH_COMPRESSED_ZLIB = 0x1;
    public const int DUMP_DH_COMPRESSED_LZO = 0x2;
    public const int DUMP_DH_COMPRESSED_SNAPPY = 0x4;
    public const int DUMP_DH_COMPRESSED_INCOMPLETE = 0x8;
    public const int DUMP_DH_COMPRESSED_ZSTD = 0x20;

    private const int Size = 464;
    private const int SubHeaderSize = 104;
    private const int UtsLength = 65;
    private const int Utsname = 12;
    private const int MinBlock = 4096;
    private const int MaxBlock = 65536;
    private const ulong MaxPages = 1UL << 34;

    // 32 bits or big-endian: another layout. QEMU says "Unknown" of every machine.
    private static readonly string[] s_otherMachines =
        ["i386", "i486", "i586", "i686", "arm", "ppc", "s390", "sparc", "mips", "m68k", "ia64"];

    public static ReadOnlySpan<byte> Magic => "KDUMP   "u8;

    public required int Version { get; init; }

    public required string Release { get; init; }

    public required int Status { get; init; }

    public required int BlockSize { get; init; }

    public required long BitmapOffset { get; init; }

    /// <summary>Gets the bytes of both bitmaps, or of the only one.</summary>
    public required long BitmapBytes { get; init; }

    /// <summary>Gets the number of page frames, with memory or without.</summary>
    public required ulong MaxMapNr { get; init; }

    public required int? DumpLevel { get; init; }

    public required VmCoreInfo? VmCoreInfo { get; init; }

    /// <summary>Reads both headers.</summary>
    /// <exception cref="MemoryImageException">They are cut off, not sound, or of a version or machine that is not read.</exception>
    public static KdumpHeader Read(ByteSource source)
    {
        byte[] head = source.Require(0, Size, "kdump header");
        int version = Int(head, 8);
        int blockSize = Int(head, 428);
        int subBlocks = Int(head, 432);
        uint bitmapBlocks = (uint)Int(head, 436);
        if (version is < 0 or > NewestVersion)
        {
            throw new MemoryImageException(
                MemoryImageError.UnsupportedFormat,
                $"The kdump-compressed file has header version {version}; {NewestVersion} is the newest known.");
        }

        string machine = Text(head, 4);
        if (Array.Exists(s_otherMachines, other => machine.StartsWith(other, StringComparison.Ordinal)))
        {
            throw new MemoryImageException(
                MemoryImageError.UnsupportedFormat, $"The dump is of a machine \"{machine}\"; x86_64 and aarch64 have Kexec HandOver.");
        }

        if (blockSize is < MinBlock or > MaxBlock || !int.IsPow2(blockSize) || subBlocks is < 1 or > 1024)
        {
            throw new MemoryImageException(
                MemoryImageError.Malformed,
                $"The kdump header says blocks of {blockSize} bytes, and {subBlocks} of them for its second part.");
        }

        byte[] sub = source.Require(blockSize, SubHeaderSize, "second kdump header");
        if (version >= 2 && Int(sub, 12) != 0)
        {
            throw new MemoryImageException(
                MemoryImageError.UnsupportedFormat,
                "The file is one part of a split dump (makedumpfile --split); join the parts with makedumpfile --reassemble.");
        }

        ulong pages = version >= 6 ? (ulong)Long(sub, 96) : (uint)Int(head, 440);
        if (pages is 0 or > MaxPages)
        {
            throw new MemoryImageException(
                pages == 0 ? MemoryImageError.Malformed : MemoryImageError.TooLarge,
                $"The kdump header says {pages} page frames; 1 to {MaxPages} are read.");
        }

        return new KdumpHeader
        {
            Version = version,
            Release = Text(head, 2),
            Status = Int(head, 424),
            BlockSize = blockSize,
            BitmapOffset = (1L + subBlocks) * blockSize,
            BitmapBytes = (long)bitmapBlocks * blockSize,
            MaxMapNr = pages,
            DumpLevel = version >= 1 ? Int(sub, 8) : null,
            VmCoreInfo = version >= 3 ? ReadInfo(source, Long(sub, 32), Long(sub, 40)) : null,
        };
    }

    private static VmCoreInfo? ReadInfo(ByteSource source, long offset, long size)
    {
        if (offset <= 0 || size <= 0 || offset >= source.Length)
        {
            return null;
        }

        byte[] bytes = new byte[Math.Min(Math.Min(size, VmCoreInfo.MaxBytes), source.Length - offset)];
        return source.TryRead(offset, bytes) ? VmCoreInfo.Parse(bytes) : null;
    }

    // Bytes of a dump may be anything; those that are no text end it.
    private static string Text(byte[] head, int index)
    {
        ReadOnlySpan<byte> field = head.AsSpan(Utsname + (index * UtsLength), UtsLength);
        int end = field.IndexOfAnyExceptInRange((byte)' ', (byte)'~');
        return Encoding.ASCII.GetString(end < 0 ? field : field[..end]);
    }

    private static int Int(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset));

    private static long Long(byte[] bytes, int offset) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(offset));
}
