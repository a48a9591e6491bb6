using System.Runtime.InteropServices;
using System.Text;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Makes the file that tells init what to run: NUL-terminated pairs of key and value.</summary>
internal static class PayloadFile
{
    private const int MaxBytes = (1 << 20) - 1;
    private const int MaxShown = 64;

    // These are a tmpfs in the guest, so that what is there on the host must be shown by name.
    private static readonly string[] s_covered = ["/tmp", "/run", "/dev/shm"];

    // What a root of its own has itself; all else of the host must be shown there.
    private static readonly string[] s_ownOfRoot =
        ["/bin", "/boot", "/dev", "/etc", "/host", "/lib", "/lib64", "/proc", "/run/luo", "/sbin", "/sys", "/usr", "/var"];

    internal static byte[] Create(VmOptions options)
    {
        using MemoryStream file = new();
        Add(file, "folder", Path.GetFullPath(options.WorkingFolder));
        if (options.Root is not null)
        {
            Add(file, "system", RootCopy.Systemd);
        }

        foreach (string argument in options.Command)
        {
            Add(file, "argument", argument);
        }

        foreach ((string name, string value) in Environment(options))
        {
            Add(file, "environment", $"{name}={value}");
        }

        IReadOnlyCollection<string> shown = ShownFolders(options);
        if (shown.Count > MaxShown)
        {
            throw new ArgumentException($"{shown.Count} folders are to be shown; the most is {MaxShown}.", nameof(options));
        }

        foreach (string folder in shown)
        {
            Add(file, "show", folder);
        }

        foreach (string path in options.FilesInMemory)
        {
            Add(file, "memory", path);
        }

        return file.Length <= MaxBytes
            ? file.ToArray()
            : throw new ArgumentException($"Command and environment take {file.Length} bytes; the most is {MaxBytes}.", nameof(options));
    }

    /// <summary>Gives the folders to show, each once and none beneath another.</summary>
    internal static IReadOnlyCollection<string> ShownFolders(VmOptions options)
    {
        bool ownRoot = options.Root is not null;
        List<string> wanted = [];
        foreach (string folder in options.ShownFolders.Append(options.WorkingFolder).Append(DotnetRoot()))
        {
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
            if (IsHidden(full, ownRoot) && !s_covered.Contains(full))
            {
                wanted.Add(full);
            }
        }

        foreach (string argument in options.Command.Where(a => a.StartsWith('/') && IsHidden(Path.GetFullPath(a), ownRoot)))
        {
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(argument));
            string? folder = Directory.Exists(full) ? full : File.Exists(full) ? Path.GetDirectoryName(full) : null;
            if (folder is not null && s_covered.Contains(folder) && !s_covered.Contains(full))
            {
                throw new ArgumentException(
                    $"The guest has its own {folder}, so {argument} would not be seen there. Put it into a folder of its own.",
                    nameof(options));
            }

            if (folder is not null && !s_covered.Contains(folder))
            {
                wanted.Add(folder);
            }
        }

        SortedSet<string> shown = new(StringComparer.Ordinal);
        foreach (string folder in wanted.Order(StringComparer.Ordinal))
        {
            if (!shown.Any(above => folder == above || folder.StartsWith(above + "/", StringComparison.Ordinal)))
            {
                shown.Add(folder);
            }
        }

        return shown;
    }

    private static bool IsHidden(string path, bool ownRoot) =>
        ownRoot ? path != "/" && !IsBeneath(s_ownOfRoot, path) : IsBeneath(s_covered, path);

    private static bool IsBeneath(string[] roots, string path) =>
        roots.Any(root => path == root || path.StartsWith(root + "/", StringComparison.Ordinal));

    private static Dictionary<string, string> Environment(VmOptions options)
    {
        // The root shares no /usr with the host.
        string dotnet = (options.Root is null ? "" : "/host") + DotnetRoot();
        Dictionary<string, string> variables = new(StringComparer.Ordinal)
        {
            ["HOME"] = "/tmp",
            ["PATH"] = $"{dotnet}:/run/luo:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["LANG"] = "C.UTF-8",
            ["TERM"] = "dumb",
            ["DOTNET_ROOT"] = dotnet,
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_EnableDiagnostics"] = "0",
        };
        foreach ((string name, string value) in options.Environment)
        {
            variables[name] = value;
        }

        return variables;
    }

    // The runtime folder is ROOT/shared/Microsoft.NETCore.App/VERSION, unless the host is self-contained.
    private static string DotnetRoot()
    {
        string? chosen = System.Environment.GetEnvironmentVariable("DOTNET_ROOT");
        string root = string.IsNullOrEmpty(chosen)
            ? Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."))
            : chosen;
        return File.Exists(Path.Combine(root, "dotnet")) ? Path.TrimEndingDirectorySeparator(root) : "/usr/share/dotnet";
    }

    private static void Add(MemoryStream file, string key, string value)
    {
        file.Write(Encoding.UTF8.GetBytes($"{key}\0{value}\0"));
    }
}
