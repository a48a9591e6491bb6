using LuoInterop.VmTesting.Cache;

namespace LuoInterop.VmTesting;

/// <summary>Is a Debian root with systemd, from which a VM can be started instead of from the host's own root.</summary>
/// <remarks>
/// Each run has a copy of it that it may change; all runs share its <c>/usr</c>, read-only. The files keep their owners: making the
/// root, and running a VM from it, needs root on the host.
/// </remarks>
public sealed class SystemdRoot
{
    /// <summary>The suite of Debian that is taken where none is named; it has systemd 262.</summary>
    public const string DefaultSuite = "forky";

    private SystemdRoot(string folder)
    {
        Folder = folder;
        SystemdVersion = File.ReadAllText(Path.Combine(folder, "systemd")).Trim();
    }

    /// <summary>Gives the folder of what was made: <c>root</c>, <c>packages</c> (a package and its version a line) and
    /// <c>systemd</c>.</summary>
    public string Folder { get; }

    /// <summary>Gives the version of Debian's package of systemd, such as 262-1.</summary>
    public string SystemdVersion { get; }

    internal string Files => Path.Combine(Folder, "root");

    /// <summary>Installs a root with debootstrap, or finds it in the cache.</summary>
    /// <remarks>
    /// The first time takes one to four minutes; the root is about 250 MB. A second process that asks for the same root waits for the
    /// first. What is in it: systemd with udev, dbus and logind, kexec-tools, and what .NET needs. Documentation, lists of packages and
    /// what only hardware needs are left out. Thread-safe.
    /// </remarks>
    /// <param name="packages">Debian packages besides these, or null for none.</param>
    /// <param name="suite">The suite of Debian.</param>
    /// <param name="cacheFolder">The cache, instead of $LUO_CACHE, $XDG_CACHE_HOME/luointerop or ~/.cache/luointerop.</param>
    /// <param name="progress">Receives the lines of what is done, on other threads.</param>
    /// <param name="cancellationToken">Ends the installation; what it has made so far is removed.</param>
    /// <exception cref="VmSetupException">The caller is not root, debootstrap is missing, or it failed; the message holds its last
    /// lines.</exception>
    public static async Task<SystemdRoot> GetAsync(
        IEnumerable<string>? packages = null,
        string suite = DefaultSuite,
        string? cacheFolder = null,
        Action<string>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(suite);
        string cache = CacheFolder.Open(cacheFolder);
        string script = Path.Combine(BuildScript.WriteRecipe(cache), "Root", "build-root.sh");
        return FromFolder(await BuildScript.RunAsync(
            $"The installation of a root of {suite}",
            [script, suite, Path.Combine(cache, "root"), .. packages ?? []],
            new Dictionary<string, string>(),
            progress,
            cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Takes a finished root: a folder that has what <see cref="Folder"/> says.</summary>
    public static SystemdRoot FromFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string full = Path.GetFullPath(folder);
        return File.Exists(Path.Combine(full, "systemd")) && Directory.Exists(Path.Combine(full, "root", "usr"))
            ? new SystemdRoot(full)
            : throw new DirectoryNotFoundException($"{folder} holds no root with systemd.");
    }
}
