using System.Buffers.Binary;
using LuoInterop.KernelImages.Unpacking;

namespace LuoInterop.KernelImages.Containers;

/// <summary>Reads the header of an EFI zboot image: <c>MZ</c>, <c>zimg</c>, where the packed kernel lies, and how it is packed.</summary>
/// <remarks>Source: <c>drivers/firmware/efi/libstub/zboot-header.S</c>. The name of the packing is not read: what is packed begins
/// with the same.</remarks>
internal static class EfiZboot
{
    private const int Size = 0x38;

    public static bool Is(ReadOnlySpan<byte> head) => head.Length >= Size && head.StartsWith("MZ"u8) && head[4..].StartsWith("zimg"u8);

    /// <exception cref="KernelImageException">The header points past the end.</exception>
    public static Payload FindPayload(StreamPart file, ReadOnlySpan<byte> head) => Payload.Of(
        new StreamPart(file, BinaryPrimitives.ReadUInt32LittleEndian(head[8..]), BinaryPrimitives.ReadUInt32LittleEndian(head[12..])),
        hasLength: false);
}
