using System.IO.Compression;
using LuoInterop.KernelImages.Unpacking;
using Snappier;
using ZstdSharp;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Unpacks single pages.</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
internal sealed class PageUnpacker : IDisposable
{
    private Decompressor? _zstd;

    /// <summary>Unpacks a page; false where the bytes are not one, of this length.</summary>
    /// <param name="packed">The packed bytes, and room behind them.</param>
    /// <param name="length">How many they are.</param>
    /// <param name="method">A DUMP_DH_COMPRESSED_ flag; 0 for bytes that are not packed.</param>
    /// <param name="page">The room for the page.</param>
    public bool TryUnpack(byte[] packed, int length, int method, Span<byte> page)
    {
        ReadOnlySpan<byte> source = packed.AsSpan(0, length);
        switch (method)
        {
            case 0:
                return source.Length == page.Length && source.TryCopyTo(page);
            case KdumpHeader.DUMP_DH_COMPRESSED_ZLIB:
                return TryInflate(packed, length, page);
            case KdumpHeader.DUMP_DH_COMPRESSED_LZO:
                return Lzo1x.Decompress(source, page, out _, out int written) == Lzo1xResult.Done && written == page.Length;
            case KdumpHeader.DUMP_DH_COMPRESSED_SNAPPY:
                return TrySnappy(source, page);
            case KdumpHeader.DUMP_DH_COMPRESSED_ZSTD:
                return TryZstd(source, page);
            default:
                return false;
        }
    }

    public void Dispose() => _zstd?.Dispose();

    private static bool TryInflate(byte[] packed, int length, Span<byte> page)
    {
        try
        {
            using var stream = new ZLibStream(new MemoryStream(packed, 0, length), CompressionMode.Decompress);
            return stream.ReadAtLeast(page, page.Length, throwOnEndOfStream: false) == page.Length;
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            // The second is for a page that wants a dictionary.
            return false;
        }
    }

    private static bool TrySnappy(ReadOnlySpan<byte> source, Span<byte> page)
    {
        try
        {
            // The library makes room for as much as the bytes promise.
            return Snappy.GetUncompressedLength(source) == page.Length && Snappy.TryDecompress(source, page, out int written)
                && written == page.Length;
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException)
        {
            // The library names a length that does not come out with the second one.
            return false;
        }
    }

    private bool TryZstd(ReadOnlySpan<byte> source, Span<byte> page)
    {
        _zstd ??= new Decompressor();
        try
        {
            return _zstd.TryUnwrap(source, page, out int written) && written == page.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
    }
}
