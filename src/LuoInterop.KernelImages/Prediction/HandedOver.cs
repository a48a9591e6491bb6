using LuoInterop.KernelImages.Contents;
using LuoInterop.KernelImages.Prediction;

namespace LuoInterop.KernelImages;

/// <summary>Is what a kernel hands over at a kexec, as far as it is known. Immutable.</summary>
public sealed record HandedOver
{
    /// <summary>Gets where this is known from, for people.</summary>
    public required string Source { get; init; }

    /// <summary>Gets whether nothing at all is handed over: the kernel was built without KHO, or has it off.</summary>
    public bool IsNothing { get; init; }

    /// <summary>Gets the format of KHO's tree; null where it is not known.</summary>
    public string? Kho { get; init; }

    /// <summary>Gets the formats of LUO's state; null where they are not known, empty where LUO hands nothing over.</summary>
    public IReadOnlyList<string>? Luo { get; init; }

    /// <summary>Gets the handlers of the files that are preserved, or may be; null where they are not known.</summary>
    public IReadOnlyList<string>? FileHandlers { get; init; }

    /// <summary>Gets the objects that files share (FLB).</summary>
    public IReadOnlyList<string> SharedObjects { get; init; } = [];

    /// <summary>Gets what the kernel's section <c>.liveupdate_features</c> lists; null without one.</summary>
    public IReadOnlyList<LiveUpdateFeature>? Features { get; init; }

    /// <summary>Gets the kernel's command line, of which <c>reserve_mem=</c> matters; null where it is not known.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Takes what a kernel of an image can hand over: everything that is built in.</summary>
    /// <param name="image">The image.</param>
    /// <param name="commandLine">The command line that this kernel runs with; null where it is not known.</param>
    /// <remarks>A kernel is taken to run with KHO and LUO on where its command line is not known. One without the text of KHO's format
    /// hands nothing over, unless its configuration says otherwise.</remarks>
    public static HandedOver Of(KernelImage image, string? commandLine = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        KernelSwitches? switches = commandLine is null ? null : new KernelSwitches(image, commandLine);
        bool hasKho = image.Configuration?.Has("CONFIG_KEXEC_HANDOVER") ?? image.Kho.Count > 0;
        bool isOff = switches is not null && switches.Switch("liveupdate") != true;
        return new HandedOver
        {
            Source = $"the kernel image {image.Release}",
            IsNothing = !hasKho || IsKhoOff(image, switches),
            Kho = image.Kho.Count == 1 ? image.Kho[0] : null,
            Luo = isOff ? [] : image.Luo,
            FileHandlers = image.LiveUpdateVersions is { } versions
                ? [.. image.FileHandlers.Union(versions.Select(static version => version.Name))]
                : image.FileHandlers,
            SharedObjects = [.. image.SharedObjects.Where(static text => !text.StartsWith("liveupdate-test-", StringComparison.Ordinal))],
            Features = image.LiveUpdateFeatures,
            CommandLine = commandLine,
        };
    }

    /// <summary>Takes what the files of KHO in debugfs show of the kernel that runs.</summary>
    /// <param name="tree">The file <c>out/fdt</c>, which is there after a cold boot, or <c>in/fdt</c>, which is there after another
    /// and has the format that this kernel took; empty where neither can be read. It may be cut.</param>
    /// <param name="luo">The file <c>out/sub_fdts/LUO</c>; null where it is known to be missing, so that LUO hands nothing over; empty
    /// where that is not known.</param>
    /// <param name="commandLine">The kernel's command line; null where it is not known.</param>
    public static HandedOver OfDebugFs(ReadOnlySpan<byte> tree, byte[]? luo, string? commandLine)
    {
        string[] kho = TextsOf(tree, CompatibleKind.Kho);
        string[] formats = TextsOf(luo, CompatibleKind.Luo);
        return new HandedOver
        {
            Source = "debugfs",
            Kho = kho.Length == 1 ? kho[0] : null,
            Luo = luo is null || formats.Length > 0 ? formats : null,
            CommandLine = commandLine,
        };
    }

    private static bool IsKhoOff(KernelImage image, KernelSwitches? switches) => switches is not null
        && (switches.Switch("kho") ?? image.Configuration?.Has("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT")) == false;

    private static string[] TextsOf(ReadOnlySpan<byte> bytes, CompatibleKind kind)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        CompatibleTexts.Find(bytes, isStart: true, found);
        return [.. found.Where(text => CompatibleTexts.KindOf(text) == kind)];
    }
}
