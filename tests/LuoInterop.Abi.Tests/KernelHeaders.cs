namespace LuoInterop.Abi.Tests;

/// <summary>Finds the headers that the kernel's own build installed, for the series that LuoInterop declares.</summary>
internal static class KernelHeaders
{
    /// <summary>Kernel series whose headers the declarations state.</summary>
    public const int Major = 7;

    /// <inheritdoc cref="Major"/>
    public const int Minor = 3;

    private const string KernelFolder = "src/LuoInterop.VmTesting/Kernel";

    // A kernel that is not in the cache is compiled here: minutes, once.
    private static readonly TimeSpan BuildLimit = TimeSpan.FromHours(1);

    private static readonly Lazy<Task<string>> IncludeFolder = new(FindAsync);

    /// <summary>Gets the folder that holds <c>linux/liveupdate.h</c>; builds the kernel if nobody did so yet.</summary>
    public static Task<string> GetAsync() => IncludeFolder.Value;

    private static async Task<string> FindAsync()
    {
        string root = RepositoryRoot();
        string script = Path.Combine(root, KernelFolder, "build-kernel.sh");
        string config = Path.Combine(root, KernelFolder, "luo-kernel.config");
        Tool bash = new("bash", "bash");
        ToolResult result = await bash.RunAsync([script, $"{Major}.{Minor}", config, Cache()], BuildLimit);
        string folder = result.Output.TrimEnd('\n').Split('\n')[^1];
        Assert.True(result.ExitCode == 0 && folder.Length > 0, $"The kernel's headers could not be had:\n{result.Errors}");
        string include = Path.Combine(folder, "headers", "include");
        Assert.True(File.Exists(Path.Combine(include, "linux", "liveupdate.h")), $"{include} has no linux/liveupdate.h");
        return include;
    }

    private static string Cache()
    {
        string? chosen = Environment.GetEnvironmentVariable("LUO_CACHE");
        if (string.IsNullOrEmpty(chosen))
        {
            string? user = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            chosen = Path.Combine(string.IsNullOrEmpty(user) ? Path.Combine(home, ".cache") : user, "luointerop");
        }

        return Path.Combine(chosen, "kernel");
    }

    /// <summary>Gets the folder that holds the sources.</summary>
    public static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, KernelFolder)))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds {KernelFolder}.");
    }
}
