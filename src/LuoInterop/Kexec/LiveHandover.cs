using System.Text;
using LuoInterop.Interop;
using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Finds out what a running kernel hands over at a kexec.</summary>
/// <remarks>Thread-safe. Reads only. Sources: <c>kernel/liveupdate/kexec_handover_debugfs.c</c>.</remarks>
public static class LiveHandover
{
    // The kernel's own have one page, or less.
    private const int Most = 64 << 10;

    /// <summary>Reads the formats of KHO and LUO from debugfs, and whether KHO is there at all. What cannot be read is not
    /// known.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <remarks>Needs CONFIG_KEXEC_HANDOVER_DEBUGFS, debugfs mounted, and root. Which files are preserved no kernel shows.</remarks>
    public static HandedOver Read(Kernel kernel)
    {
        const string Folder = "/sys/kernel/debug/kho";
        ArgumentNullException.ThrowIfNull(kernel);

        // The outgoing tree is shown after a cold boot only, the incoming one after another: this kernel took it, so it writes the same.
        byte[] tree = TryRead(Folder + "/out/fdt", out _) ?? TryRead(Folder + "/in/fdt", out _) ?? [];
        byte[]? luo = TryRead(Folder + "/out/sub_fdts/LUO", out int error);
        bool isMissing = error == -(int)Errno.ENOENT && tree.Length > 0;
        return HandedOver.OfDebugFs(tree, isMissing ? null : luo ?? [], kernel.CommandLine) with
        {
            IsNothing = tree.Length == 0 && HasNoKho(kernel),
        };

        byte[]? TryRead(string path, out int error) =>
            (error = KernelFile.Read(kernel, path, Most, out byte[] content)) == 0 ? content : null;
    }

    private static bool HasNoKho(Kernel kernel) =>
        KernelParameter.Switch(KernelParameter.Read(kernel.CommandLine), "kho") == false
        || ConfigurationFiles.RunningKernelHas(kernel, "CONFIG_KEXEC_HANDOVER") == false;

    /// <summary>Reads debugfs, and the image of the running kernel for what debugfs does not tell: the handlers that files can
    /// have.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <remarks>The image is looked for at <c>/usr/lib/modules/RELEASE/vmlinuz</c>, <c>/boot/vmlinuz-RELEASE</c> and
    /// <c>/boot/vmlinux-RELEASE</c>. One of another release or build, or whose formats are others than debugfs shows, is not believed. It
    /// is unpacked, which takes as long as for <see cref="KexecImage"/>.</remarks>
    public static HandedOver ReadWithImage(Kernel kernel)
    {
        HandedOver shown = Read(kernel);
        string release = kernel.Release;
        if (shown.IsNothing || release.Length == 0 || release.Contains('/', StringComparison.Ordinal))
        {
            return shown;
        }

        foreach (string path in (ReadOnlySpan<string>)
            [$"/usr/lib/modules/{release}/vmlinuz", $"/boot/vmlinuz-{release}", $"/boot/vmlinux-{release}"])
        {
            using var file = new KernelHandle(kernel);
            if (file.Take(KernelFile.Open(kernel, path)) >= 0
                && KernelImageHead.TryRead(kernel, file, out KernelImageHead? head) == 0
                && ImageFile.TryRead(kernel, file, head!, null) is { } image
                && ExplainOther(kernel, image, shown) is null)
            {
                return Join(kernel, image, path, shown);
            }
        }

        return shown;
    }

    /// <summary>Reads debugfs, and takes what it does not tell from an image that the caller knows to be the running kernel's.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <param name="image">The image that it was started from.</param>
    /// <param name="source">Where the image is from, for people.</param>
    /// <exception cref="ArgumentException">The image is another kernel's: of another release, of another build
    /// (<c>/proc/sys/kernel/version</c>, where that can be read), or with another format of KHO than debugfs shows.</exception>
    public static HandedOver ReadWithImage(Kernel kernel, KernelImage image, string source)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentException.ThrowIfNullOrEmpty(source);
        HandedOver shown = Read(kernel);
        return ExplainOther(kernel, image, shown) is { } reason
            ? throw new ArgumentException($"It is not the image of the kernel that runs: {reason}.", nameof(image))
            : shown.IsNothing ? shown : Join(kernel, image, source, shown);
    }

    /// <summary>Says why an image is not the running kernel's; null where it is.</summary>
    private static string? ExplainOther(Kernel kernel, KernelImage image, HandedOver shown)
    {
        if (image.Release != kernel.Release)
        {
            return $"it has Linux {image.Release ?? "of unknown release"}, and {kernel.Release} runs";
        }

        // uname -v, with which both the setup header and the banner end.
        string build = KernelFile.Read(kernel, "/proc/sys/kernel/version", Most, out byte[] text) == 0
            ? Encoding.Latin1.GetString(text).TrimEnd('\n') : "";
        if (build.Length > 0 && !image.Version!.EndsWith($" {build}", StringComparison.Ordinal))
        {
            return $"it is another build, {image.Version}, and {build} runs";
        }

        return shown.Kho is { } kho && !image.Kho.Contains(kho)
            ? $"it has {(image.Kho.Count > 0 ? string.Join(' ', image.Kho) : "no KHO")}, and debugfs shows {kho}" : null;
    }

    private static HandedOver Join(Kernel kernel, KernelImage image, string source, HandedOver shown)
    {
        HandedOver built = HandedOver.Of(image, kernel.CommandLine);
        return built with
        {
            Source = shown.Kho is null && shown.Luo is null ? source : $"debugfs and {source}",
            Kho = shown.Kho ?? built.Kho,
            Luo = shown.Luo ?? built.Luo,
        };
    }
}
