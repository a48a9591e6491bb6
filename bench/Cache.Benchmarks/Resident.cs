using System.Globalization;

namespace LuoInterop.Cache.Benchmarks;

/// <summary>Is what of a process is in RAM, in bytes.</summary>
/// <param name="Own">Memory that nobody else can have: heaps and stacks.</param>
/// <param name="Shared">Memory of memfds and files in tmpfs: where items are kept.</param>
/// <param name="Mapped">Pages of other files: the program.</param>
internal readonly record struct Resident(long Own, long Shared, long Mapped)
{
    /// <summary>Gets all of it.</summary>
    public long All => Own + Shared + Mapped;

    /// <summary>Reads the lines of /proc/PID/status.</summary>
    public static Resident Parse(IEnumerable<string> status)
    {
        string[] lines = [.. status];
        return new Resident(Of(lines, "RssAnon:"), Of(lines, "RssShmem:"), Of(lines, "RssFile:"));
    }

    private static long Of(string[] lines, string name) =>
        lines.Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim().Split(' ') is [var number, "kB"]
            ? long.Parse(number, CultureInfo.InvariantCulture) << 10
            : throw new FormatException($"{name} of /proc/PID/status has no kB.");
}
