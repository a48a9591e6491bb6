using System.Runtime.InteropServices;

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

    /// <summary>Finds out, from the configuration that lies beside the image, or is built into it.</summary>
    /// <param name="kernel">The kernel that holds the files.</param>
    /// <param name="image">The image.</param>
    /// <param name="path">Where its file lies.</param>
    /// <param name="file">The image's file.</param>
    /// <remarks>Distributions put both into one folder, or the configuration into <c>/usr/lib/modules/RELEASE</c> and the image
    /// into <c>/boot</c>.</remarks>
    public static KernelFeatures Of(Kernel kernel, KernelImage image, string path, SafeHandle file)
    {
        string release = image.ReadRelease();
        if (release.Length == 0 || release.Contains('/', StringComparison.Ordinal))
        {
            return Unknown;
        }

        string folder = Path.GetDirectoryName(path) ?? "";
        string[] named = [$"config-{release}", $"../usr/lib/modules/{release}/config", $"../lib/modules/{release}/config"];
        foreach (string place in named)
        {
            if (KernelConfiguration.Read(kernel, Path.Combine(folder, place)) is { } found)
            {
                return Of(found);
            }
        }

        // Its name does not say of which kernel it is.
        return KernelConfiguration.Read(kernel, Path.Combine(folder, "config")) is { } unnamed && unnamed.IsOf(release) ? Of(unnamed)
            : KernelPayload.Find(kernel, image, file);
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
