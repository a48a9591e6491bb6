using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Looks into the compressed kernel of an image for its built-in configuration (CONFIG_IKCONFIG), or for texts that every
/// kernel with live update has.</summary>
/// <remarks>
/// Only gzip can be unpacked without another library; of an image that is packed otherwise nothing is known. It is read once from
/// front to end in pieces of a constant size, and no further than <see cref="LongestKernel"/>.
/// </remarks>
internal static class KernelPayload
{
    // Debian's is 62 MB.
    private const int LongestKernel = 512 << 20;
    private const int LongestConfiguration = 1 << 20;
    private const int PieceSize = 256 << 10;

    /// <summary>What may be cut at the end of a piece, and is looked at again with the next.</summary>
    private const int Overlap = 32;

    // kernel/configs.c.
    private static ReadOnlySpan<byte> ConfigurationStart => "IKCFG_ST\x1f"u8;

    private static ReadOnlySpan<byte> ConfigurationEnd => "IKCFG_ED"u8;

    // KHO_FDT_COMPATIBLE of include/linux/kho/abi/kexec_handover.h.
    private static ReadOnlySpan<byte> HandoverText => "kho-v"u8;

    // The name of LUO's device and kernel parameter (kernel/liveupdate/luo_core.c). KHO alone has it in names of files only.
    private static ReadOnlySpan<byte> LiveUpdateText => "liveupdate\0"u8;

    public static KernelFeatures Find(Kernel kernel, KernelImage image, SafeHandle file)
    {
        (long offset, long length) = image.Payload;
        if (!image.IsBzImage || image.IsCut || length == 0)
        {
            return KernelFeatures.Unknown;
        }

        // The trailer has the length of what was packed.
        Span<byte> magic = stackalloc byte[2];
        Span<byte> trailer = stackalloc byte[sizeof(uint)];
        if (KernelFile.ReadAt(kernel, file, magic, offset) < magic.Length
            || !magic.SequenceEqual((ReadOnlySpan<byte>)[0x1f, 0x8b])
            || KernelFile.ReadAt(kernel, file, trailer, offset + length - trailer.Length) < trailer.Length)
        {
            return KernelFeatures.Unknown;
        }

        try
        {
            using var packed = new FilePart(kernel, file, offset, length);
            using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
            return Search(unpacked, BinaryPrimitives.ReadUInt32LittleEndian(trailer));
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            return KernelFeatures.Unknown;
        }
    }

    private static KernelFeatures Search(Stream kernel, uint promised)
    {
        byte[] piece = new byte[PieceSize];
        int kept = 0;
        bool hasHandover = false;
        bool hasLiveUpdate = false;
        for (long total = 0; total < LongestKernel;)
        {
            int count = kernel.ReadAtLeast(piece.AsSpan(kept), piece.Length - kept, throwOnEndOfStream: false);
            total += count;
            ReadOnlySpan<byte> bytes = piece.AsSpan(0, kept + count);
            int start = bytes.IndexOf(ConfigurationStart);
            if (start >= 0)
            {
                return ReadConfiguration(bytes[(start + ConfigurationStart.Length - 1)..], kernel);
            }

            hasHandover |= bytes.IndexOf(HandoverText) >= 0;
            hasLiveUpdate |= bytes.IndexOf(LiveUpdateText) >= 0;
            if (kept + count < piece.Length)
            {
                // Only what is absent proves anything.
                const string Source = "the texts in the image";
                return (uint)total != promised ? KernelFeatures.Unknown
                    : !hasHandover ? new KernelFeatures(false, false, false, false, Source)
                    : !hasLiveUpdate ? new KernelFeatures(true, null, false, false, Source)
                    : KernelFeatures.Unknown;
            }

            kept = Overlap;
            bytes[^kept..].CopyTo(piece);
        }

        return KernelFeatures.Unknown;
    }

    private static KernelFeatures ReadConfiguration(ReadOnlySpan<byte> begin, Stream rest)
    {
        byte[] bytes = new byte[LongestConfiguration];
        int length = Math.Min(begin.Length, bytes.Length);
        begin[..length].CopyTo(bytes);
        length += rest.ReadAtLeast(bytes.AsSpan(length), bytes.Length - length, throwOnEndOfStream: false);
        int end = bytes.AsSpan(0, length).IndexOf(ConfigurationEnd);
        return end >= 0 && KernelConfiguration.Parse(bytes[..end], "the configuration in the image") is { } configuration
            ? KernelFeatures.Of(configuration)
            : KernelFeatures.Unknown;
    }

    /// <summary>Reads a range of a file as a stream; the file stays open.</summary>
    private sealed class FilePart(Kernel kernel, SafeHandle file, long offset, long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            nint count = KernelFile.ReadAt(kernel, file, buffer[..(int)Math.Min(buffer.Length, length - _position)], offset + _position);
            if (count < 0)
            {
                throw new IOException("The image cannot be read.", (int)count);
            }

            _position += count;
            return (int)count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
