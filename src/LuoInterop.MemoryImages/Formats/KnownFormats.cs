using System.Diagnostics.CodeAnalysis;
using LuoInterop.MemoryImages.Bytes;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Tells formats apart by how their files begin.</summary>
internal static class KnownFormats
{
    private const int Beginning = 4096;

    // What a file begins with, what it is, and what to do.
    private static readonly (byte[] Magic, int Offset, string Name, string Advice)[] s_unsupported =
    [
        ("DISKDUMP"u8.ToArray(), 0, "a dump of diskdump", "it is older than Kexec HandOver"),
        ("sadump\0\0"u8.ToArray(), 0, "a sadump of a Fujitsu machine", "convert it with makedumpfile"),
        ([0xed, 0x23, 0x8f, 0x61, 0x73, 0x01, 0x19, 0xa8], 0, "a dump of LKCD", "it is older than Kexec HandOver"),
        ([(byte)'Q', (byte)'F', (byte)'I', 0xfb], 0, "a QEMU disk (qcow2)", "convert it with qemu-img convert -O raw"),
        ("KDMV"u8.ToArray(), 0, "a VMware disk (VMDK)", "convert it with qemu-img convert -O raw"),
        ("vhdxfile"u8.ToArray(), 0, "a Hyper-V disk (VHDX)", "convert it with qemu-img convert -O raw"),
        ("QEVM"u8.ToArray(), 0, "a migration stream of QEMU", "take the memory with dump-guest-memory or pmemsave"),
        ("LibvirtQemudSave"u8.ToArray(), 0, "a state saved by libvirt", "take the memory with virsh dump --memory-only"),
        ("LibvirtQemudPart"u8.ToArray(), 0, "a state half saved by libvirt", "take the memory with virsh dump --memory-only"),
        ("PAGEDU64"u8.ToArray(), 0, "a Windows crash dump", "take the memory with dump-guest-memory without -w"),
        ("PAGEDUMP"u8.ToArray(), 0, "a Windows crash dump", "take the memory with dump-guest-memory without -w"),
        ("EMiL"u8.ToArray(), 0, "a dump of LiME", "have it written with format=raw or padded"),
        ("AVML"u8.ToArray(), 0, "a dump of AVML", "convert it with avml-convert to raw"),
        ([0xd2, 0xbe, 0xd2, 0xbe], 0, "a VMware snapshot (vmss, vmsn)", "convert it with vmss2core"),
        ("S1SUSPEND\0"u8.ToArray(), 4086, "a hibernated system", "it holds no handover: resume it"),
        ("LINHIB0001"u8.ToArray(), 4086, "a hibernated system", "it holds no handover: resume it"),
        ("SWAPSPACE2"u8.ToArray(), 4086, "swap space", "it is no memory"),
        ([0x1f, 0x8b], 0, "a file packed with gzip", "unpack it first"),
        ([0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], 0, "a file packed with xz", "unpack it first"),
        ([0x28, 0xb5, 0x2f, 0xfd], 0, "a file packed with zstd", "unpack it first"),
        ("BZh"u8.ToArray(), 0, "a file packed with bzip2", "unpack it first"),
        ([0x04, 0x22, 0x4d, 0x18], 0, "a file packed with lz4", "unpack it first"),
        ([0x89, (byte)'L', (byte)'Z', (byte)'O'], 0, "a file packed with lzop", "unpack it first"),
    ];

    /// <summary>Opens the reader of a file's format; owns the bytes, also when it throws.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="isFlattened">Whether they were wrapped in the flattened format.</param>
    /// <param name="isWhole">Whether the flattened file has its end.</param>
    /// <exception cref="MemoryImageException">No format that is read.</exception>
    public static ImageReader Open(ByteSource source, out bool isFlattened, out bool isWhole)
    {
        ByteSource bytes = source;
        try
        {
            isWhole = true;
            isFlattened = Begins(bytes, FlattenedSource.Magic);
            if (isFlattened)
            {
                FlattenedSource flattened = FlattenedSource.Open(bytes);
                bytes = flattened;
                isWhole = flattened.IsComplete;
                if (Begins(bytes, FlattenedSource.Magic))
                {
                    throw new MemoryImageException(MemoryImageError.Malformed, "The flattened file holds a flattened file.");
                }
            }

            if (Begins(bytes, KdumpHeader.Magic))
            {
                return KdumpImage.Open(bytes);
            }

            if (Begins(bytes, ElfImage.Magic))
            {
                return ElfImage.Open(bytes);
            }

            if (isFlattened)
            {
                throw new MemoryImageException(
                    MemoryImageError.UnsupportedFormat, "The flattened file holds neither a kdump-compressed file nor an ELF core.");
            }

            if (bytes.Length == 0)
            {
                throw new MemoryImageException(MemoryImageError.Truncated, "The file is empty, or has no size: a device or a pipe.");
            }

            return TryName(bytes, out string? what) ? throw new MemoryImageException(MemoryImageError.UnsupportedFormat, what)
                : new RawImage(bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    private static bool TryName(ByteSource source, [NotNullWhen(true)] out string? what)
    {
        what = null;
        byte[] beginning = new byte[Math.Min(source.Length, Beginning)];
        if (!source.TryRead(0, beginning))
        {
            return false;
        }

        foreach ((byte[] magic, int offset, string name, string advice) in s_unsupported)
        {
            if (beginning.Length >= offset + magic.Length && beginning.AsSpan(offset).StartsWith(magic))
            {
                what = $"The file is {name}, which is not read here: {advice}.";
                return true;
            }
        }

        return false;
    }

    private static bool Begins(ByteSource source, ReadOnlySpan<byte> magic)
    {
        Span<byte> bytes = stackalloc byte[magic.Length];
        return source.TryRead(0, bytes) && bytes.SequenceEqual(magic);
    }
}
