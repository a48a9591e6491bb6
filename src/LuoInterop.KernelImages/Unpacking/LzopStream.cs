using LuoInterop.KernelImages.Unpacking;
using LuoInterop.KernelImages.Containers;

namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Unpacks files of lzop. Checksums of blocks are passed over, as the kernel does (<c>lib/decompress_unlzo.c</c>).</summary>
internal sealed class LzopStream : BlockStream
{
    // lzop's blocks have 256 KiB; its format allows 64 MiB.
    private const int MostBlock = 64 << 20;

    // A byte of a length stands for 255 bytes.
    private const long MostRatio = 256;
    private const int Magic = 9;
    private const int VersionWithLevel = 0x0940;
    private const uint Adler32OfPlain = 1;
    private const uint Adler32OfPacked = 2;
    private const uint Crc32OfPlain = 0x100;
    private const uint Crc32OfPacked = 0x200;
    private const uint HasFilter = 0x800;

    private readonly int _plainSums;
    private readonly int _packedSums;
    private byte[] _packed = [];
    private byte[] _plain = [];

    /// <exception cref="KernelImageException">The header is damaged.</exception>
    public LzopStream(StreamPart packed)
        : base(packed)
    {
        Span<byte> skipped = stackalloc byte[byte.MaxValue];
        Fill(skipped[..Magic]);
        Span<byte> versions = stackalloc byte[7];
        Fill(versions);
        bool hasLevel = ((versions[0] << 8) | versions[1]) >= VersionWithLevel;
        Fill(skipped[..(hasLevel ? 1 : 0)]);
        uint flags = UInt32BigEndian();

        // The filter, the mode, the two halves of the time; then the name with its length before it, and the header's checksum.
        Fill(skipped[..(((flags & HasFilter) != 0 ? 4 : 0) + (hasLevel ? 12 : 8) + 1)]);
        int name = skipped[((flags & HasFilter) != 0 ? 4 : 0) + (hasLevel ? 12 : 8)];
        Fill(skipped[..name]);
        _ = UInt32BigEndian();
        _plainSums = ((flags & Adler32OfPlain) != 0 ? 1 : 0) + ((flags & Crc32OfPlain) != 0 ? 1 : 0);
        _packedSums = ((flags & Adler32OfPacked) != 0 ? 1 : 0) + ((flags & Crc32OfPacked) != 0 ? 1 : 0);
    }

    protected override ReadOnlyMemory<byte> Next()
    {
        uint plain = UInt32BigEndian();
        if (plain == 0)
        {
            return default;
        }

        uint packed = UInt32BigEndian();
        if (plain > MostBlock || plain > MostRatio * packed || packed > plain)
        {
            throw new KernelImageException(
                KernelImageError.Damaged, $"A block of lzop is said to have {packed} bytes for {plain}; {MostBlock} are the most.");
        }

        for (int sums = _plainSums + (packed < plain ? _packedSums : 0); sums > 0; sums--)
        {
            _ = UInt32BigEndian();
        }

        // Not more than there is: the room is made before the bytes are read.
        if (packed > Packed.Length - Packed.Position)
        {
            throw new KernelImageException(KernelImageError.Cut, "The packed kernel ends within a block.");
        }

        Span<byte> bytes = Room(ref _packed, (int)packed).AsSpan(0, (int)packed);
        Fill(bytes);
        if (packed == plain)
        {
            return _packed.AsMemory(0, (int)packed);
        }

        Lzo1xResult result = Lzo1x.Decompress(bytes, Room(ref _plain, (int)plain).AsSpan(0, (int)plain), out int read, out int written);
        return result == Lzo1xResult.Done && read == packed && written == plain
            ? _plain.AsMemory(0, written)
            : throw new KernelImageException(
                KernelImageError.Damaged,
                $"A block of lzop ends with {result} after {read} of {packed} bytes, and gives {written} of {plain}.");
    }
}
