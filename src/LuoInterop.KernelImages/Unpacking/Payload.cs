using System.Buffers.Binary;
using System.IO.Compression;
using LuoInterop.KernelImages.Containers;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.LZMA;
using ZstdSharp;

namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Is a kernel inside an image, packed or not.</summary>
/// <param name="Bytes">The packed bytes.</param>
/// <param name="Compression">How they are packed.</param>
/// <param name="Promised">How many bytes come out, modulo 2^32; null where that is not told.</param>
internal sealed record Payload(StreamPart Bytes, KernelCompression Compression, uint? Promised)
{
    // Windows of Zstandard, LZMA and xz: 2^27 is what the tools' highest levels ask for.
    public const int MostWindowLog = 27;

    private const int LzmaHeader = 13;
    private const int LzmaProperties = 5;

    /// <summary>Finds out how bytes are packed by what they begin with.</summary>
    public static KernelCompression Detect(ReadOnlySpan<byte> begin) => begin switch
    {
        [0x1f, 0x8b, ..] => KernelCompression.Gzip,
        [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => KernelCompression.Xz,
        [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', ..] => KernelCompression.Bzip2,
        [0x5d, 0, 0, _, _, ..] => KernelCompression.Lzma,
        [0x89, (byte)'L', (byte)'Z', (byte)'O', 0, ..] => KernelCompression.Lzo,
        [0x02, 0x21, 0x4c, 0x18, ..] => KernelCompression.Lz4,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => KernelCompression.Zstd,
        _ => KernelCompression.None,
    };

    /// <summary>Takes the payload of a container.</summary>
    /// <param name="bytes">What the container says is packed.</param>
    /// <param name="hasLength">Whether all but gzip have 4 bytes behind them, the length of what comes out
    /// (<c>size_append</c> of <c>scripts/Makefile.lib</c>).</param>
    public static Payload Of(StreamPart bytes, bool hasLength)
    {
        Span<byte> begin = stackalloc byte[8];
        KernelCompression compression = Detect(begin[..bytes.ReadAt(0, begin)]);
        Span<byte> word = stackalloc byte[sizeof(uint)];
        bool has = compression != KernelCompression.None && (hasLength || compression == KernelCompression.Gzip);
        uint? promised = has && bytes.ReadAt(bytes.Length - sizeof(uint), word) == sizeof(uint)
            ? BinaryPrimitives.ReadUInt32LittleEndian(word)
            : null;
        return promised is not null && compression != KernelCompression.Gzip
            ? new(new StreamPart(bytes, 0, bytes.Length - sizeof(uint)), compression, promised)
            : new(bytes, compression, promised);
    }

    /// <summary>Opens what comes out, as a stream that is read once.</summary>
    /// <param name="most">The most bytes that are wanted of it: windows need be no larger.</param>
    /// <exception cref="KernelImageException">The packed bytes begin wrongly, or need too much memory.</exception>
    public Stream Open(long most)
    {
        Bytes.Position = 0;
        return Compression switch
        {
            KernelCompression.None => Bytes,
            KernelCompression.Gzip => new GZipStream(Bytes, CompressionMode.Decompress, leaveOpen: true),
            KernelCompression.Xz => new XzStream(Bytes, most),
            KernelCompression.Lzo => new LzopStream(Bytes),
            KernelCompression.Lz4 => new Lz4LegacyStream(Bytes),
            _ => OpenByLibrary(most),
        };
    }

    // Apart from the others: the libraries are loaded where a kernel needs them, and not for one that is packed with gzip.
    private Stream OpenByLibrary(long most) => Compression switch
    {
        KernelCompression.Bzip2 => BZip2Stream.Create(Bytes, SharpCompress.Compressors.CompressionMode.Decompress, false, true),
        KernelCompression.Lzma => OpenLzma(most),
        _ => OpenZstd(most),
    };

    // A window that is larger than all that comes out is never used whole.
    private LzmaStream OpenLzma(long most)
    {
        byte[] header = new byte[LzmaHeader];
        if (Bytes.ReadAt(0, header) < header.Length)
        {
            throw new KernelImageException(KernelImageError.Cut, "The packed kernel ends in its header.");
        }

        Span<byte> window = header.AsSpan(1, sizeof(uint));
        long size = Math.Clamp(BinaryPrimitives.ReadUInt32LittleEndian(window), 4096, Math.Max(most, 4096));
        if (size > 1L << MostWindowLog)
        {
            throw TooLarge(size);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(window, (uint)size);
        long length = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(LzmaProperties));
        return LzmaStream.Create(header[..LzmaProperties], Bytes, Bytes.Length - LzmaHeader, length < 0 ? -1 : length, true);
    }

    private DecompressionStream OpenZstd(long most)
    {
        var unpacker = new DecompressionStream(Bytes, checkEndOfStream: true, leaveOpen: true);
        int log = Math.Clamp(64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(most, 1)), 17, MostWindowLog);
        unpacker.SetParameter(ZstdSharp.Unsafe.ZSTD_dParameter.ZSTD_d_windowLogMax, log);
        return unpacker;
    }

    /// <summary>Says that a window is too large.</summary>
    public static KernelImageException TooLarge(long window) =>
        new(KernelImageError.TooLarge, $"Unpacking the kernel needs a window of {window} bytes; {1L << MostWindowLog} are the most.");
}
