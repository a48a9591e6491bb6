using System.Globalization;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Holds the numbers of <c>/proc/meminfo</c> that matter here, in bytes; null for what it does not have.</summary>
internal sealed record MemoryInfo(ulong? Total, ulong? Available, ulong? CmaTotal, ulong? CmaFree)
{
    /// <summary>Reads the text of <c>/proc/meminfo</c>; null is a file that cannot be read.</summary>
    public static MemoryInfo Parse(string? text)
    {
        var numbers = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (ReadOnlySpan<char> line in (text ?? "").AsSpan().EnumerateLines())
        {
            int colon = line.IndexOf(':');
            if (colon > 0 && line.EndsWith(" kB", StringComparison.Ordinal)
                && ulong.TryParse(line[(colon + 1)..^3].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong kibibytes)
                && kibibytes <= ulong.MaxValue >> 10)
            {
                numbers.TryAdd(line[..colon].ToString(), kibibytes << 10);
            }
        }

        return new(Get("MemTotal"), Get("MemAvailable"), Get("CmaTotal"), Get("CmaFree"));

        ulong? Get(string name) => numbers.TryGetValue(name, out ulong bytes) ? bytes : null;
    }
}
