using LuoInterop.VmTesting.Cache;

namespace LuoInterop.VmTesting;

/// <summary>Is a kernel that a VM can boot: the image, and what is known of how it was built.</summary>
public sealed class KernelBuild
{
    private KernelBuild(string imagePath, string? folder)
    {
        ImagePath = imagePath;
        Folder = folder;
        Release = ReadIfPresent(folder, "release");
        ConfigPath = PathIfPresent(folder, "config");
        HeadersFolder = FolderIfPresent(folder, "headers");
        SelftestsFolder = FolderIfPresent(folder, "selftests/liveupdate") is { } tests ? Path.GetDirectoryName(tests) : null;
    }

    /// <summary>Gives the path of the bzImage.</summary>
    public string ImagePath { get; }

    /// <summary>Gives the folder of the build, or null for a bare image.</summary>
    public string? Folder { get; }

    /// <summary>Gives the release as the build recorded it (such as 7.3.4), or null when it is not known before boot.</summary>
    public string? Release { get; }

    /// <summary>Gives the path of the kernel's configuration, or null when the folder has none.</summary>
    public string? ConfigPath { get; }

    /// <summary>Gives the folder of the installed user-space headers (it has <c>include/linux</c>), or null when there are none.</summary>
    public string? HeadersFolder { get; }

    /// <summary>Gives the folder of the kernel's own tests of live update as its source has them (<c>tools/testing/selftests</c>: it has
    /// <c>liveupdate</c>), or null when there are none.</summary>
    public string? SelftestsFolder { get; }

    /// <summary>Gives what writes a build's lines to standard error; on a terminal,
    /// how far it is is one line that is written anew.</summary>
    /// <remarks>For <see cref="GetAsync"/>. Thread-safe.</remarks>
    public static Action<string> ShowProgress { get; } = ProgressLine.OfStandardError.Show;

    /// <summary>Builds a kernel with KHO and LUO from Debian's source package, or finds it in the cache.</summary>
    /// <remarks>
    /// The first build of a series takes minutes and about 6 GB of disk, most of it given back. A second process that asks for
    /// the same build waits for the first. Thread-safe.
    /// </remarks>
    /// <param name="series">The series as Debian names its source package: 7.3 or 7.2; another one needs LUO_KERNEL_SOURCE.</param>
    /// <param name="configPath">A kconfig fragment to use instead of the one that this library carries.</param>
    /// <param name="cacheFolder">The cache, instead of $LUO_CACHE, $XDG_CACHE_HOME/luointerop or ~/.cache/luointerop.</param>
    /// <param name="progress">Receives the build's lines, on other threads; while it compiles, one every 10 % or 30 s.
    /// <see cref="ShowProgress"/> shows more.</param>
    /// <param name="cancellationToken">Ends the build; what it has made so far is removed.</param>
    /// <exception cref="VmSetupException">A package is missing, or the build failed; the message holds the build's last lines.</exception>
    public static async Task<KernelBuild> GetAsync(
        string series = "7.3",
        string? configPath = null,
        string? cacheFolder = null,
        Action<string>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(series);
        string cache = CacheFolder.Open(cacheFolder);
        string recipe = Path.Combine(BuildScript.WriteRecipe(cache), "Kernel");
        configPath ??= Path.Combine(recipe, "luo-kernel.config");
        if (!File.Exists(configPath))
        {
            throw new FileNotFoundException($"The kconfig fragment {configPath} does not exist.", configPath);
        }

        string script = Path.Combine(recipe, "build-kernel.sh");
        return FromFolder(
            await RunAsync(script, series, configPath, Path.Combine(cache, "kernel"), progress, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Takes a finished build: a folder with <c>bzImage</c> and, where there are any, <c>release</c>, <c>config</c>,
    /// <c>headers</c> and <c>selftests</c>.</summary>
    public static KernelBuild FromFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string image = Path.Combine(Path.GetFullPath(folder), "bzImage");
        return File.Exists(image)
            ? new KernelBuild(image, Path.GetFullPath(folder))
            : throw new FileNotFoundException($"{folder} holds no bzImage.", image);
    }

    /// <summary>Takes any bzImage; <c>luo-kernel.config</c> lists what it must have built in (9p, virtio, devtmpfs,
    /// kexec_file_load ...).</summary>
    public static KernelBuild FromImage(string imagePath)
    {
        ArgumentException.ThrowIfNullOrEmpty(imagePath);
        return File.Exists(imagePath)
            ? new KernelBuild(Path.GetFullPath(imagePath), null)
            : throw new FileNotFoundException($"The kernel image {imagePath} does not exist.", imagePath);
    }

    internal static async Task<string> RunAsync(
        string script, string series, string config, string cache, Action<string>? progress, CancellationToken cancellationToken)
    {
        bool anew = progress == ShowProgress && ProgressLine.OfStandardError.Rewrites;
        return await BuildScript.RunAsync(
            $"The build of kernel {series}",
            [script, series, config, cache],
            anew ? new Dictionary<string, string> { ["LUO_KERNEL_PROGRESS"] = "each" } : [],
            progress,
            cancellationToken).ConfigureAwait(false);
    }

    private static string? PathIfPresent(string? folder, string name) =>
        folder is not null && File.Exists(Path.Combine(folder, name)) ? Path.Combine(folder, name) : null;

    private static string? FolderIfPresent(string? folder, string name) =>
        folder is not null && Directory.Exists(Path.Combine(folder, name)) ? Path.Combine(folder, name) : null;

    private static string? ReadIfPresent(string? folder, string name) =>
        PathIfPresent(folder, name) is { } path ? File.ReadAllText(path).Trim() : null;
}
