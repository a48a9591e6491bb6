using System.Buffers.Binary;
using System.Text;
using LuoInterop.Emulation.Boot;

namespace LuoInterop.Emulation;

/// <summary>Makes kernel images that an emulated kernel loads: a setup header with a release, and no code.</summary>
/// <remarks>A real x86 kernel image of Linux 6.18 to 7.3 is loaded just as well. A real kernel refuses these images, or fails to start them.</remarks>
public static class EmulatedKernelImage
{
    private const int VersionOffset = 0x300;
    private const int LongestRelease = 64;
    private const uint CommandLineSize = 2047;

    /// <summary>Writes an image.</summary>
    /// <param name="destination">Where to; stays open.</param>
    /// <param name="release">The kernel's release, 1 to 64 printable ASCII characters without a space; 6.18, 6.19 or 7.0 to 7.3 to be loadable.</param>
    /// <exception cref="ArgumentException">The release is not a word of that length.</exception>
    public static void Write(Stream destination, string release = "7.3.4-emulated")
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentException.ThrowIfNullOrEmpty(release);
        if (release.Length > LongestRelease || release.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ArgumentException($"A release is a word of at most {LongestRelease} characters.", nameof(release));
        }

        byte[] image = new byte[BzImage.HeaderSize];
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(BzImage.BootFlag), BzImage.BootFlagValue);
        "HdrS"u8.CopyTo(image.AsSpan(BzImage.Signature));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(BzImage.ProtocolVersion), 0x020f);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(BzImage.KernelVersion), VersionOffset - BzImage.KernelVersionBase);
        image[BzImage.LoadFlags] = BzImage.LOADED_HIGH;
        BinaryPrimitives.WriteUInt16LittleEndian(
            image.AsSpan(BzImage.XLoadFlags), BzImage.XLF_KERNEL_64 | BzImage.XLF_CAN_BE_LOADED_ABOVE_4G);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(BzImage.CommandLineSize), CommandLineSize);
        Encoding.ASCII.GetBytes($"{release} (emulated@luointerop) #1 SMP", image.AsSpan(VersionOffset));
        destination.Write(image);
    }
}
