using System.Globalization;

namespace MiniVmm.Memory;

/// <summary>Finds out how much of guest RAM is mapped in huge pages.</summary>
internal static class HugePages
{
    /// <summary>Lets memfds be in folios of 2 MiB where a program asks, as a word of a kernel command line. Since Linux 6.12.</summary>
    public const string KernelWord = "transparent_hugepage_shmem=advise";

    private const string Field = "ShmemPmdMapped:";
    private const string Unit = "kB";

    /// <summary>Adds up what <c>/proc/PID/smaps</c> says of ranges.</summary>
    /// <param name="ranges">The ranges of RAM.</param>
    /// <param name="smaps">The lines of the file.</param>
    public static unsafe long CountBytes(IReadOnlyList<GuestRamRange> ranges, IEnumerable<string> smaps)
    {
        long bytes = 0;
        bool inside = false;
        foreach (string line in smaps)
        {
            if (TryReadStart(line, out nint start))
            {
                // SAFETY: the address is compared, never followed; the mapping is alive, as its owner calls.
                inside = ranges.Any(range => start >= (nint)range.Mapping.Address && start - (nint)range.Mapping.Address < range.Length);
            }
            else if (inside && line.StartsWith(Field, StringComparison.Ordinal))
            {
                ReadOnlySpan<char> number = line.AsSpan(Field.Length).Trim();
                bytes += long.Parse(number[..^Unit.Length].TrimEnd(), CultureInfo.InvariantCulture) << 10;
            }
        }

        return bytes;
    }

    /// <summary>Reads the first line of a mapping: <c>START-END PERMISSIONS ...</c>, in hexadecimal.</summary>
    private static bool TryReadStart(string line, out nint start)
    {
        start = 0;
        int dash = line.IndexOf('-', StringComparison.Ordinal);
        return dash > 0
            && nint.TryParse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out start);
    }
}
