using System.Globalization;

namespace LuoInterop.Benchmarks;

/// <summary>Says how much memory the measurements may take: what does not fit is left out, not swapped.</summary>
internal static class MemoryBound
{
    // For everything else that the measurements and the machine need meanwhile.
    private const long Rest = 2L << 30;

    // Taken once, before the measurements themselves use memory.
    private static readonly long Available = 1024 * long.Parse(
        File.ReadLines("/proc/meminfo").Single(static line => line.StartsWith("MemAvailable:", StringComparison.Ordinal))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    /// <summary>Tells whether so many bytes were available at the start, with some left.</summary>
    public static bool Allows(long bytes) => bytes + Rest <= Available;
}
