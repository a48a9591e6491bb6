using System.Buffers.Binary;
using System.Text;
using LuoInterop.KernelImages.Unpacking;

namespace LuoInterop.KernelImages.Containers;

/// <summary>Reads the setup header of an x86 kernel.</summary>
/// <remarks>Source: <c>Documentation/arch/x86/boot.rst</c>, <c>arch/x86/include/uapi/asm/bootparam.h</c>.</remarks>
internal static class BzImageHeader
{
    public const int Size = 0x268;

    private const int SetupSectors = 0x1f1;
    private const int BootFlag = 0x1fe;
    private const int Magic = 0x202;
    private const int Protocol = 0x206;
    private const int KernelVersion = 0x20e;
    private const int PayloadOffset = 0x248;
    private const int PayloadLength = 0x24c;
    private const int SectorSize = 512;
    private const int LongestVersion = 256;

    // The first with a payload: 2.08.
    private const int OldestProtocol = 0x0208;

    /// <summary>Tells whether a file begins with a setup header.</summary>
    public static bool Is(ReadOnlySpan<byte> head) =>
        head.Length >= Size
        && BinaryPrimitives.ReadUInt16LittleEndian(head[BootFlag..]) == 0xaa55
        && head[Magic..].StartsWith("HdrS"u8);

    /// <summary>Finds the kernel that is packed in the image.</summary>
    /// <exception cref="KernelImageException">The header is too old, or points past the end.</exception>
    public static Payload FindPayload(StreamPart file, ReadOnlySpan<byte> head)
    {
        if (BinaryPrimitives.ReadUInt16LittleEndian(head[Protocol..]) < OldestProtocol)
        {
            throw new KernelImageException(KernelImageError.Damaged, "The boot protocol is older than 2.08 and names no packed kernel.");
        }

        uint sectors = head[SetupSectors] == 0 ? 4u : head[SetupSectors];
        long setup = (sectors + 1L) * SectorSize;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(head[PayloadLength..]);
        long offset = setup + BinaryPrimitives.ReadUInt32LittleEndian(head[PayloadOffset..]);
        return length > 0
            ? Payload.Of(new StreamPart(file, offset, length), hasLength: true)
            : throw new KernelImageException(KernelImageError.NothingInside, "The setup header names no packed kernel.");
    }

    /// <summary>Reads the version that the setup header names; null for none.</summary>
    public static string? ReadVersion(StreamPart file, ReadOnlySpan<byte> head)
    {
        ushort offset = BinaryPrimitives.ReadUInt16LittleEndian(head[KernelVersion..]);
        Span<byte> text = stackalloc byte[LongestVersion];
        text = text[..file.ReadAt(offset + 0x200L, text)];
        int end = text.IndexOf((byte)0);
        return offset != 0 && end > 0 ? Encoding.Latin1.GetString(text[..end]) : null;
    }
}
