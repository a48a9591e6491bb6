using LuoInterop.KernelImages.Containers;
using LuoInterop.KernelImages.Contents;

namespace LuoInterop.KernelImages;

/// <summary>Is what a kernel image says of itself: how it is packed, its version, its configuration, and the formats that it compares
/// at a live update.</summary>
/// <remarks>
/// <para>Immutable and thread-safe. Reading trusts no byte: it costs time in proportion to the file and to what comes out of its
/// packing, holds less than 1 MiB beside the window of the unpacker, and throws nothing but <see cref="KernelImageException"/>. The
/// whole kernel is held only where it has a section <c>.liveupdate_*</c>.</para>
/// <para>That a text is absent proves that the kernel lacks what writes it; that it is there proves little more than that it was
/// built in. Texts that are compared: <c>include/linux/kho/abi/*.h</c>.</para>
/// </remarks>
public sealed record KernelImage
{
    /// <summary>Gets what kind of file it is.</summary>
    public required KernelImageFormat Format { get; init; }

    /// <summary>Gets the kind of the kernel inside; differs from <see cref="Format"/> for UKI and EFI zboot.</summary>
    public required KernelImageFormat KernelFormat { get; init; }

    /// <summary>Gets how the kernel inside is packed.</summary>
    public required KernelCompression Compression { get; init; }

    /// <summary>Gets for which processors it is.</summary>
    public required KernelArchitecture Architecture { get; init; }

    /// <summary>Gets the bytes of the kernel when it is unpacked.</summary>
    public required long KernelBytes { get; init; }

    /// <summary>Gets the version as <c>/proc/version</c> shows it, without the words before the release; null where it has none.</summary>
    public string? Version { get; init; }

    /// <summary>Gets the release, which <c>uname -r</c> shows; null where it has none.</summary>
    public string? Release => Version?.Split(' ')[0];

    /// <summary>Gets the configuration: the one built in (CONFIG_IKCONFIG), else the one that the caller gave; null without both.</summary>
    public KernelConfiguration? Configuration { get; init; }

    /// <summary>Gets the texts that kernels compare at a live update, as <c>kho-v4</c>, <c>luo-v5</c>, <c>memfd-v2</c>, in order.</summary>
    public IReadOnlyList<string> CompatibleTexts { get; init; } = [];

    /// <summary>Gets the formats of KHO's tree that it knows; one, or none without CONFIG_KEXEC_HANDOVER.</summary>
    public IReadOnlyList<string> Kho => Of(CompatibleKind.Kho);

    /// <summary>Gets the formats of LUO's state; none without CONFIG_LIVEUPDATE. Linux 6.19 to 7.1 have one for each part.</summary>
    public IReadOnlyList<string> Luo => Of(CompatibleKind.Luo);

    /// <summary>Gets the file handlers that are built in. Those of modules are not among them.</summary>
    public IReadOnlyList<string> FileHandlers => Of(CompatibleKind.FileHandler);

    /// <summary>Gets the objects that files share (FLB) and that are built in.</summary>
    public IReadOnlyList<string> SharedObjects => Of(CompatibleKind.SharedObject);

    /// <summary>Gets what the section <c>.liveupdate_versions</c> lists; null without one.</summary>
    public IReadOnlyList<LiveUpdateFeature>? LiveUpdateVersions { get; init; }

    /// <summary>Gets what the section <c>.liveupdate_features</c> lists; null without one.</summary>
    public IReadOnlyList<LiveUpdateFeature>? LiveUpdateFeatures { get; init; }

    /// <summary>Gets whether it has LUO's device and parameter <c>liveupdate=</c>.</summary>
    public bool HasLiveUpdate { get; init; }

    /// <summary>Gets whether it reads <c>kho_scratch=</c>, the sizes of memory that KHO keeps free (Linux 6.16 to 7.3).</summary>
    public bool ReadsKhoScratch { get; init; }

    /// <summary>Gets whether it reads <c>kho_bootmem=</c>, the same under its new name (from Linux 7.4 on).</summary>
    public bool ReadsKhoBootMemory { get; init; }

    /// <summary>Gets whether the file has a signature for Secure Boot; null for a file that cannot have one.</summary>
    /// <remarks>Whose it is, and whether it is sound, is not looked at.</remarks>
    public bool? IsSigned { get; init; }

    /// <summary>Gets what a UKI has beside the kernel; null for other files.</summary>
    public UnifiedKernel? Unified { get; init; }

    /// <summary>Reads an image.</summary>
    /// <param name="file">The file, which can seek; it stays open, and its position is another afterwards.</param>
    /// <param name="options">How far the reading may go; null for the usual.</param>
    /// <exception cref="KernelImageException">It cannot be read; <see cref="KernelImageException.Error"/> says why.</exception>
    public static KernelImage Read(Stream file, KernelImageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        return KernelImageReader.Read(file, options ?? new KernelImageOptions());
    }

    /// <summary>Reads an image that is in memory.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="options">How far the reading may go; null for the usual.</param>
    /// <exception cref="KernelImageException">It cannot be read; <see cref="KernelImageException.Error"/> says why.</exception>
    public static KernelImage Read(byte[] file, KernelImageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Read(new MemoryStream(file, writable: false), options);
    }

    private string[] Of(CompatibleKind kind) => [.. CompatibleTexts.Where(text => Contents.CompatibleTexts.KindOf(text) == kind)];
}
