using System.ComponentModel;
using System.Diagnostics;
using LuoInterop.VmTesting.Cache;

namespace LuoInterop.VmTesting;

/// <summary>Is a kernel that a VM can boot: the image, and what is known of how it was built.</summary>
public sealed class KernelBuild
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private KernelBuild(string imagePath, string? folder)
    {
        ImagePath = imagePath;
        Folder = folder;
        Release = ReadIfPresent(folder, "release");
        ConfigPath = PathIfPresent(folder, "config");
        HeadersFolder = folder is not null && Directory.Exists(Path.Combine(folder, "headers")) ? Path.Combine(folder, "headers") : null;
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

    /// <summary>Builds a kernel with KHO and LUO from Debian's source package, or finds it in the cache.</summary>
    /// <remarks>
    /// The first build of a series takes minutes and about 6 GB of disk, most of it given back. A second process that asks for
    /// the same build waits for the first. Thread-safe.
    /// </remarks>
    /// <param name="series">The series as Debian names its source package: 7.3 or 7.2; another one needs LUO_KERNEL_SOURCE.</param>
    /// <param name="configPath">A kconfig fragment to use instead of the one that this library carries.</param>
    /// <param name="cacheFolder">The cache, instead of $LUO_CACHE, $XDG_CACHE_HOME/luointerop or ~/.cache/luointerop.</param>
    /// <param name="progress">Receives the build's lines, on other threads.</param>
    /// <param name="cancellationToken">Ends the build.</param>
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
        byte[] script = CacheFolder.Resource("kernel/build-kernel.sh");
        byte[] config = CacheFolder.Resource("kernel/luo-kernel.config");
        string recipe = Path.Combine(cache, "recipe", CacheFolder.Key(script, config));
        string scriptPath = Path.Combine(recipe, "build-kernel.sh");
        WriteOnce(scriptPath, script);
        if (configPath is null)
        {
            configPath = Path.Combine(recipe, "luo-kernel.config");
            WriteOnce(configPath, config);
        }
        else if (!File.Exists(configPath))
        {
            throw new FileNotFoundException($"The kconfig fragment {configPath} does not exist.", configPath);
        }

        return FromFolder(await RunAsync(scriptPath, series, configPath, Path.Combine(cache, "kernel"), progress, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Takes a finished build: a folder with <c>bzImage</c> and, where there are any, <c>release</c>, <c>config</c> and <c>headers</c>.</summary>
    public static KernelBuild FromFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string image = Path.Combine(Path.GetFullPath(folder), "bzImage");
        return File.Exists(image)
            ? new KernelBuild(image, Path.GetFullPath(folder))
            : throw new FileNotFoundException($"{folder} holds no bzImage.", image);
    }

    /// <summary>Takes any bzImage; <c>luo-kernel.config</c> lists what it must have built in (9p, virtio, devtmpfs, kexec_file_load ...).</summary>
    public static KernelBuild FromImage(string imagePath)
    {
        ArgumentException.ThrowIfNullOrEmpty(imagePath);
        return File.Exists(imagePath)
            ? new KernelBuild(Path.GetFullPath(imagePath), null)
            : throw new FileNotFoundException($"The kernel image {imagePath} does not exist.", imagePath);
    }

    // The folder is named by the content. A cache that holds a finished kernel may be read-only.
    private static void WriteOnce(string path, byte[] content)
    {
        if (!File.Exists(path))
        {
            CacheFolder.WriteWhole(path, content, Readable);
        }
    }

    private static async Task<string> RunAsync(
        string script, string series, string config, string cache, Action<string>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ProcessStartInfo start = new("bash", [script, series, config, cache]) { RedirectStandardOutput = true, RedirectStandardError = true };
        Queue<string> last = new();
        using Process build = new() { StartInfo = start };
        build.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                lock (last)
                {
                    last.Enqueue(line.Data);
                    if (last.Count > 30)
                    {
                        last.Dequeue();
                    }
                }

                progress?.Invoke(line.Data);
            }
        };
        try
        {
            build.Start();
        }
        catch (Win32Exception e)
        {
            throw new VmSetupException("bash is missing; it runs the kernel's build: apt-get install bash.", e);
        }

        build.BeginErrorReadLine();
        string output;
        try
        {
            output = await build.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            await build.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (!build.HasExited)
            {
                build.Kill(entireProcessTree: true);
            }
        }

        string folder = output.TrimEnd().Split('\n')[^1];
        if (build.ExitCode != 0 || folder.Length == 0)
        {
            lock (last)
            {
                throw new VmSetupException($"The build of kernel {series} failed with status {build.ExitCode}:\n{string.Join('\n', last)}");
            }
        }

        return folder;
    }

    private static string? PathIfPresent(string? folder, string name) =>
        folder is not null && File.Exists(Path.Combine(folder, name)) ? Path.Combine(folder, name) : null;

    private static string? ReadIfPresent(string? folder, string name) =>
        PathIfPresent(folder, name) is { } path ? File.ReadAllText(path).Trim() : null;
}
