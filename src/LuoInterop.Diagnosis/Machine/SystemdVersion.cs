using System.Globalization;
using System.Text.RegularExpressions;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Finds out which systemd a machine has, by the version in the name of its own library.</summary>
internal static partial class SystemdVersion
{
    /// <summary>The first that hands the file descriptor stores of units over.</summary>
    public const int FirstWithLiveUpdate = 261;

    // Fedora and Arch, Debian, and where architectures have a folder of their own.
    private static readonly string[] s_folders =
    [
        "/usr/lib/systemd", "/usr/lib64/systemd", "/usr/lib/x86_64-linux-gnu/systemd", "/usr/lib/aarch64-linux-gnu/systemd", "/lib/systemd",
    ];

    /// <summary>Gets the version that is installed, which the next boot starts; null for none.</summary>
    public static int? Installed(MachineFiles files) => s_folders
        .SelectMany(folder => files.List(folder, out string[] names) == Errno.None ? names : [])
        .Select(Parse).Max();

    /// <summary>Gets the version that runs as process 1; null where that is another program, or is not shown.</summary>
    public static int? Running(MachineFiles files) => (files.Text("/proc/1/maps") ?? "").Split('\n')
        .Select(static line => Parse(line[(line.LastIndexOf('/') + 1)..])).FirstOrDefault(static version => version is not null);

    /// <summary>Tells whether process 1 is systemd; null where that is not shown.</summary>
    public static bool? IsProcess1(MachineFiles files) => files.Text("/proc/1/comm") is { } name ? name == "systemd" : null;

    private static int? Parse(string name)
    {
        Match match = Library().Match(name);
        return match.Success ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;
    }

    [GeneratedRegex(@"^libsystemd-(?:shared|core)-(\d{1,5})\b", RegexOptions.CultureInvariant)]
    private static partial Regex Library();
}
