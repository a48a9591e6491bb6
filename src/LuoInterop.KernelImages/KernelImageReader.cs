using LuoInterop.KernelImages.Containers;
using LuoInterop.KernelImages.Contents;
using LuoInterop.KernelImages.Unpacking;

namespace LuoInterop.KernelImages;

/// <summary>Takes a kernel image apart, from the outer container to the texts of the kernel.</summary>
internal static class KernelImageReader
{
    private const int HeadSize = 1024;
    private const int Arm64Magic = 0x38;
    private const int LongestText = 64 << 10;

    public static KernelImage Read(Stream file, KernelImageOptions options)
    {
        try
        {
            return Read(new StreamPart(file, 0, file.Length), options, mayBeUnified: true);
        }
        catch (Exception error) when (error is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new KernelImageException(KernelImageError.Unreadable, $"The file cannot be read: {error.Message}", error);
        }
    }

    private static KernelImage Read(StreamPart file, KernelImageOptions options, bool mayBeUnified)
    {
        byte[] head = new byte[HeadSize];
        head = head[..file.ReadAt(0, head)];
        PeFile? pe = PeFile.Read(file);
        if (mayBeUnified && pe is not null && pe.Sections.Any(static section => section.Name == ".linux"))
        {
            return ReadUnified(file, pe, options);
        }

        // The one kind of file that is recognized has a version in its header, which need not be in the kernel.
        if (BzImageHeader.Is(head))
        {
            return Scan(BzImageHeader.FindPayload(file, head), options) with
            {
                Format = KernelImageFormat.BzImage,
                KernelFormat = KernelImageFormat.BzImage,
                Architecture = KernelArchitecture.X86,
                Version = BzImageHeader.ReadVersion(file, head),
                IsSigned = pe?.IsSigned,
            };
        }

        if (EfiZboot.Is(head))
        {
            return Scan(EfiZboot.FindPayload(file, head), options) with { Format = KernelImageFormat.EfiZboot, IsSigned = pe?.IsSigned };
        }

        // What is packed as a whole is looked at when it is unpacked.
        Payload payload = Payload.Of(file, hasLength: false);
        if (payload.Compression == KernelCompression.None && KindOf(head) is null)
        {
            throw pe is not null
                ? new KernelImageException(KernelImageError.NothingInside, "It is an EFI program without a kernel that is known.")
                : new KernelImageException(KernelImageError.NotAKernel, "It begins like no kernel image.");
        }

        return Scan(payload, options, isWhole: true) with { IsSigned = pe?.IsSigned };
    }

    private static KernelImage ReadUnified(StreamPart file, PeFile pe, KernelImageOptions options)
    {
        // What stands before the first .profile is for all; what stands behind one is for that one alone.
        var common = new List<PeSection>();
        var profiles = new List<List<PeSection>>();
        foreach (PeSection section in pe.Sections)
        {
            if (section.Name == ".profile")
            {
                profiles.Add([]);
            }

            (profiles.Count == 0 ? common : profiles[^1]).Add(section);
        }

        if (options.Profile < 0 || options.Profile >= Math.Max(profiles.Count, 1))
        {
            throw new KernelImageException(
                KernelImageError.NothingInside, $"The UKI has {profiles.Count} profiles; there is no number {options.Profile}.");
        }

        List<PeSection> chosen = profiles.Count > 0 ? profiles[options.Profile] : [];
        PeSection kernel = Find(".linux")
            ?? throw new KernelImageException(KernelImageError.NothingInside, $"The profile {options.Profile} of the UKI has no kernel.");
        KernelImage inner = Read(new StreamPart(file, kernel.Offset, kernel.Length), options, mayBeUnified: false);
        return inner with
        {
            Format = KernelImageFormat.UnifiedKernelImage,
            KernelFormat = inner.KernelFormat,
            IsSigned = pe.IsSigned,
            Unified = new UnifiedKernel(
                options.Profile,
                [.. profiles.Select(profile => Text(file, profile[0]))],
                Find(".cmdline") is { } line ? Text(file, line) : null,
                Find(".uname") is { } name ? Text(file, name) : null,
                Find(".initrd")?.Length,
                chosen.Contains(kernel)),
        };

        PeSection? Find(string name) =>
            chosen.Find(section => section.Name == name) ?? common.Find(section => section.Name == name);
    }

    private static string Text(StreamPart file, PeSection section)
    {
        byte[] bytes = new byte[Math.Min(section.Length, LongestText)];
        int length = file.ReadAt(section.Offset, bytes);
        return System.Text.Encoding.UTF8.GetString(bytes.AsSpan(0, length)).TrimEnd('\0', '\n', ' ');
    }

    private static KernelImage Scan(Payload payload, KernelImageOptions options, bool isWhole = false)
    {
        KernelScan scan = Unpack(payload, options, static (kernel, options) => KernelScan.Of(kernel, options.MaximumKernelBytes));
        if (payload.Promised is { } promised && (uint)scan.Length != promised)
        {
            throw new KernelImageException(
                KernelImageError.Cut, $"{scan.Length} bytes come out of the kernel's packing, and {promised} are promised.");
        }

        // Inside a container it is what the container says, whatever it looks like.
        if (KindOf(scan.Head) is not var (format, architecture))
        {
            (format, architecture) = isWhole
                ? throw new KernelImageException(KernelImageError.NotAKernel, "What is packed in the file begins like no kernel.")
                : (KernelImageFormat.Vmlinux, KernelArchitecture.Unknown);
        }

        if (isWhole && format == KernelImageFormat.Vmlinux && scan.Version is null)
        {
            throw new KernelImageException(KernelImageError.NotAKernel, "It is an ELF file without the version of a kernel.");
        }

        IReadOnlyList<LiveUpdateFeature>? versions = null;
        IReadOnlyList<LiveUpdateFeature>? features = null;
        if (scan.HasSection && ElfFile.Is(scan.Head))
        {
            byte[] kernel = Unpack(payload, options, (unpacked, _) =>
            {
                byte[] all = new byte[scan.Length];
                unpacked.ReadExactly(all);
                return all;
            });
            versions = Section(kernel, ".liveupdate_versions");
            features = Section(kernel, ".liveupdate_features");
        }

        return new KernelImage
        {
            Format = format,
            KernelFormat = format,
            Compression = payload.Compression,
            Architecture = architecture,
            KernelBytes = scan.Length,
            Version = scan.Version,
            Configuration = scan.Configuration ?? options.Configuration,
            CompatibleTexts = [.. scan.Compatible],
            HasLiveUpdate = scan.HasLiveUpdate,
            ReadsKhoScratch = scan.ReadsScratch,
            ReadsKhoBootMemory = scan.ReadsBootMemory,
            LiveUpdateVersions = versions,
            LiveUpdateFeatures = features,
        };
    }

    private static IReadOnlyList<LiveUpdateFeature>? Section(byte[] kernel, string name) =>
        ElfFile.Section(kernel, name) is { IsEmpty: false } bytes ? LiveUpdateSections.Read(name, bytes) : null;

    // The unpackers are libraries': what they make of damaged bytes has many names, of which this gives one.
    private static T Unpack<T>(Payload payload, KernelImageOptions options, Func<Stream, KernelImageOptions, T> read)
    {
        try
        {
            Stream unpacked = payload.Open(options.MaximumKernelBytes);
            try
            {
                return read(unpacked, options);
            }
            finally
            {
                if (unpacked != payload.Bytes)
                {
                    unpacked.Dispose();
                }
            }
        }
        catch (Exception error) when (payload.Compression != KernelCompression.None
            && error is not (KernelImageException or OutOfMemoryException))
        {
            throw new KernelImageException(
                KernelImageError.Damaged, $"The kernel, packed with {payload.Compression}, does not unpack: {error.Message}", error);
        }
    }

    private static bool IsArm64(ReadOnlySpan<byte> head) => head.Length >= Arm64Magic + 4 && head[Arm64Magic..].StartsWith("ARM\x64"u8);

    private static (KernelImageFormat Format, KernelArchitecture Architecture)? KindOf(ReadOnlySpan<byte> head) =>
        IsArm64(head) ? (KernelImageFormat.Arm64Image, KernelArchitecture.Arm64)
        : !ElfFile.Is(head) ? null
        : ElfFile.Machine(head) switch
        {
            ElfFile.X86 or ElfFile.X86Of32Bits => (KernelImageFormat.Vmlinux, KernelArchitecture.X86),
            ElfFile.Arm64 => (KernelImageFormat.Vmlinux, KernelArchitecture.Arm64),
            _ => (KernelImageFormat.Vmlinux, KernelArchitecture.Unknown),
        };
}
