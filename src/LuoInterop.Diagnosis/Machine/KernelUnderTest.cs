using LuoInterop.Interop;
using LuoInterop.KernelImages;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Holds what is known of the kernel that is judged: the one that runs, or an image.</summary>
/// <param name="Name">What it is called in sentences.</param>
/// <param name="Release">Its release; null where it cannot be known.</param>
/// <param name="Configuration">Its configuration; null where none is found.</param>
/// <param name="Features">What is known of an image without a configuration, from what is built into it.</param>
/// <param name="Image">The image's path; null for the kernel that runs.</param>
internal sealed record KernelUnderTest(
    string Name, string? Release, KernelConfiguration? Configuration, KernelFeatures Features, string? Image)
{
    /// <summary>Gets the version; null where the release does not tell.</summary>
    public KernelRelease? Version => KernelRelease.Parse(Release);

    /// <summary>Reads the kernel that runs on a machine.</summary>
    public static KernelUnderTest Running(MachineFiles files, string? configuration)
    {
        string? release = files.Text("/proc/sys/kernel/osrelease") ?? (files.IsLive ? files.Kernel.Release : null);
        KernelConfiguration? found = configuration is not null ? Named(files.Kernel, configuration) : Find(files, release);
        return new("this kernel", release, found, found is null ? KernelFeatures.Unknown : KernelFeatures.Of(found), null);
    }

    /// <summary>Reads an image.</summary>
    public static KernelUnderTest OfImage(Kernel kernel, string path, string? configuration)
    {
        using var file = new KernelHandle(kernel);
        int error = file.Take(KernelFile.Open(kernel, path));
        KernelImageHead? image = null;
        error = error < 0 ? error : KernelImageHead.TryRead(kernel, file, out image);
        if (image is null)
        {
            throw new IOException($"{path} cannot be read ({(Errno)(-error)})");
        }

        if (image.ExplainRefusal() is { } refusal)
        {
            throw new InvalidDataException($"{path}: {refusal}");
        }

        KernelConfiguration? named = configuration is null ? null : Named(kernel, configuration);
        string release = image.ReadRelease();
        return new(
            path,
            release.Length > 0 ? release : null,
            named,
            named is null ? KernelFeatures.Of(kernel, image, path, file) : KernelFeatures.Of(named),
            path);
    }

    /// <summary>Tells whether an option is set; null where nothing tells.</summary>
    public bool? Has(string option) => Configuration?.Has(option) ?? option switch
    {
        "CONFIG_KEXEC_HANDOVER" => Features.KexecHandover,
        "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT" => Features.HandoverDefault,
        "CONFIG_LIVEUPDATE" => Features.LiveUpdate,
        "CONFIG_LIVEUPDATE_MEMFD" => Features.Memfd,
        _ => null,
    };

    private static KernelConfiguration Named(Kernel kernel, string path) => ConfigurationFiles.Read(kernel, path)
        ?? throw new InvalidDataException($"{path} is no kernel configuration, or cannot be read");

    private static KernelConfiguration? Find(MachineFiles files, string? release)
    {
        string[] places = release is null || release.Contains('/', StringComparison.Ordinal)
            ? ["/proc/config.gz"]
            : ["/proc/config.gz", $"/usr/lib/modules/{release}/config", $"/boot/config-{release}", $"/lib/modules/{release}/build/.config"];
        return places.Select(place => files.Read(place, out byte[] bytes) == Errno.None ? KernelConfiguration.Parse(bytes, place) : null)
            .FirstOrDefault(static found => found is not null);
    }
}
