using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;

namespace LuoInterop.Emulation;

/// <summary>Makes kernel images that an emulated kernel loads: a setup header with a release, and no code.</summary>
/// <remarks>A real x86 kernel image of Linux 6.18 to 7.3 is loaded just as well. A real kernel refuses these images,
/// or fails to start them.</remarks>
public static class EmulatedKernelImage
{
    private const int VersionOffset = 0x300;
    private const int LongestRelease = 64;
    private const uint CommandLineSize = 2047;

    /// <summary>Writes an image.</summary>
    /// <param name="destination">Where to; stays open.</param>
    /// <param name="release">The kernel's release, 1 to 64 printable ASCII characters without a space; 6.18,
    /// 6.19 or 7.0 to 7.3 to be loadable.</param>
    /// <exception cref="ArgumentException">The release is not a word of that length.</exception>
    public static void Write(Stream destination, string release = "7.3.4-emulated") => Write(destination, release, []);

    /// <summary>Writes an image into a file, which is made, or replaced, and returns when it can be loaded.</summary>
    /// <param name="path">The file.</param>
    /// <param name="release">The kernel's release.</param>
    /// <exception cref="ArgumentException">The release is not a word of 1 to 64 printable ASCII characters.</exception>
    /// <remarks>kexec_file_load(2) answers ETXTBSY as long as anybody has the file open for writing (deny_write_access). A process
    /// that another thread is starting has, until it execs, every file that this one had open: that is waited for. Whoever has the
    /// file open for ten seconds is left for kexec_file_load to tell.</remarks>
    public static void Write(string path, string release = "7.3.4-emulated") => Write(path, release, []);

    /// <summary>Writes an image with a built-in configuration (CONFIG_IKCONFIG), which says what the kernel carries over.</summary>
    /// <param name="destination">Where to; stays open.</param>
    /// <param name="release">The kernel's release.</param>
    /// <param name="configuration">The lines of the <c>.config</c> that matter, for example <c># CONFIG_KEXEC_HANDOVER is not set</c>.
    /// What they do not say is unknown, and there.</param>
    /// <exception cref="ArgumentException">The release is not a word of 1 to 64 printable ASCII characters.</exception>
    public static void Write(Stream destination, string release, string configuration) =>
        Write(destination, release, Payload(configuration));

    /// <summary>Writes an image with a built-in configuration into a file, as <see cref="Write(string, string)"/> and
    /// <see cref="Write(Stream, string, string)"/> do.</summary>
    /// <param name="path">The file.</param>
    /// <param name="release">The kernel's release.</param>
    /// <param name="configuration">The lines of the <c>.config</c> that matter.</param>
    /// <exception cref="ArgumentException">The release is not a word of 1 to 64 printable ASCII characters.</exception>
    /// <inheritdoc cref="Write(string, string)" path="/remarks"/>
    public static void Write(string path, string release, string configuration) => Write(path, release, Payload(configuration));

    private static byte[] Payload(string configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        using var kernel = new MemoryStream();
        kernel.Write("IKCFG_ST"u8);
        Pack(kernel, Encoding.UTF8.GetBytes(configuration));
        kernel.Write("IKCFG_ED"u8);
        using var payload = new MemoryStream();
        Pack(payload, kernel.ToArray());
        return payload.ToArray();
    }

    private static void Write(string path, string release, ReadOnlySpan<byte> payload)
    {
        using (FileStream destination = File.Create(path))
        {
            Write(destination, release, payload);
        }

        HostLease.WaitForWriters(path);
    }

    private static void Write(Stream destination, string release, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentException.ThrowIfNullOrEmpty(release);
        if (release.Length > LongestRelease || release.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ArgumentException($"A release is a word of at most {LongestRelease} characters.", nameof(release));
        }

        byte[] image = new byte[BootParamHeader.HeaderSize];
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(BootParamHeader.boot_flag), BootParamHeader.BootFlag);
        "HdrS"u8.CopyTo(image.AsSpan(BootParamHeader.header));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(BootParamHeader.version), 0x020f);
        BinaryPrimitives.WriteUInt16LittleEndian(
            image.AsSpan(BootParamHeader.kernel_version), VersionOffset - BootParamHeader.KernelVersionBase);
        image[BootParamHeader.setup_sects] = (BootParamHeader.HeaderSize / BootParamHeader.SectorSize) - 1;
        image[BootParamHeader.loadflags] = BootParamHeader.LOADED_HIGH;
        BinaryPrimitives.WriteUInt16LittleEndian(
            image.AsSpan(BootParamHeader.xloadflags), BootParamHeader.XLF_KERNEL_64 | BootParamHeader.XLF_CAN_BE_LOADED_ABOVE_4G);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(BootParamHeader.cmdline_size), CommandLineSize);
        Encoding.ASCII.GetBytes($"{release} (emulated@luointerop) #1 SMP", image.AsSpan(VersionOffset));
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(BootParamHeader.syssize), payload.Length / BootParamHeader.ParagraphSize);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(BootParamHeader.payload_length), payload.Length);
        destination.Write(image);
        destination.Write(payload);
    }

    private static void Pack(Stream destination, ReadOnlySpan<byte> content)
    {
        using var gzip = new GZipStream(destination, CompressionLevel.Optimal, leaveOpen: true);
        gzip.Write(content);
    }
}
