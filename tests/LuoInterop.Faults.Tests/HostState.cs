namespace LuoInterop.Faults.Tests;

/// <summary>Counts what the demo and the emulation hold of the host process.</summary>
internal static class HostState
{
    private static readonly string[] Files = ["guest-ram", "state", "luo-mapping", "luointerop-reserved", ""];

    /// <summary>Lists the memory files and kernel images that are open.</summary>
    public static string[] Descriptors() => [.. Directory.GetFiles("/proc/self/fd")
        .Select(static path => new FileInfo(path).LinkTarget ?? "")
        .Where(static link => link.EndsWith(".img", StringComparison.Ordinal) || Files.Any(name => link == $"/memfd:{name} (deleted)"))
        .Order(StringComparer.Ordinal)];

    /// <summary>Counts the mappings of memory files.</summary>
    public static int Mappings() => File.ReadLines("/proc/self/maps")
        .Count(static line => Files.Any(name => line.EndsWith($"/memfd:{name} (deleted)", StringComparison.Ordinal)));
}
