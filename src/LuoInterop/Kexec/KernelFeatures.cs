using System.Runtime.InteropServices;
using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Says which parts of live update a kernel image was built with; null where nothing tells.</summary>
/// <param name="KexecHandover">CONFIG_KEXEC_HANDOVER.</param>
/// <param name="HandoverDefault">CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT: KHO is on without <c>kho=on</c>.</param>
/// <param name="LiveUpdate">CONFIG_LIVEUPDATE.</param>
/// <param name="Memfd">CONFIG_LIVEUPDATE_MEMFD.</param>
/// <param name="Source">What tells so, for people; null where nothing does.</param>
internal sealed record KernelFeatures(bool? KexecHandover, bool? HandoverDefault, bool? LiveUpdate, bool? Memfd, string? Source)
{
    /// <summary>Gets the answer where nothing tells.</summary>
    public static KernelFeatures Unknown { get; } = new(null, null, null, null, null);

    /// <summary>Finds out, from the configuration that lies beside the image, or else from what is inside.</summary>
    /// <param name="kernel">The kernel that holds the files.</param>
    /// <param name="head">The image's head.</param>
    /// <param name="path">Where its file lies.</param>
    /// <param name="file">The image's file.</param>
    public static KernelFeatures Of(Kernel kernel, KernelImageHead head, string path, SafeHandle file) =>
        ConfigurationFiles.Beside(kernel, head, path) is { } beside ? Of(beside) : Of(ImageFile.TryRead(kernel, file, head, null));

    /// <summary>Takes the answers of an image: of its configuration, or of the texts that every kernel with live update has.</summary>
    /// <param name="image">The image; null where it cannot be read.</param>
    public static KernelFeatures Of(KernelImage? image)
    {
        if (image is null)
        {
            return Unknown;
        }

        if (image.Configuration is { } configuration)
        {
            return Of(configuration);
        }

        // Only what is absent proves anything.
        const string Source = "the texts in the image";
        return image.Kho.Count == 0 ? new KernelFeatures(false, false, false, false, Source)
            : !image.HasLiveUpdate && image.Luo.Count == 0 ? new KernelFeatures(true, null, false, false, Source)
            : Unknown;
    }

    /// <summary>Takes the answers of a configuration.</summary>
    public static KernelFeatures Of(KernelConfiguration configuration)
    {
        bool? handover = configuration.Has("CONFIG_KEXEC_HANDOVER");
        bool? liveUpdate = handover == false ? false : configuration.Has("CONFIG_LIVEUPDATE");
        return new(
            handover,
            handover == false ? false : configuration.Has("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT"),
            liveUpdate,
            liveUpdate == false ? false : configuration.Has("CONFIG_LIVEUPDATE_MEMFD"),
            configuration.Source);
    }

    /// <summary>Says what the kernel lacks to carry preserved memory; null where nothing is known to be missing.</summary>
    public string? ExplainLoss() =>
        KexecHandover == false ? "was built without KHO (CONFIG_KEXEC_HANDOVER)"
        : LiveUpdate == false ? "was built without CONFIG_LIVEUPDATE"
        : Memfd == false ? "was built without CONFIG_LIVEUPDATE_MEMFD"
        : null;
}
