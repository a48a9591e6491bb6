using System.Globalization;

namespace LuoInterop.VmBenchmarks;

/// <summary>Reads /proc/meminfo.</summary>
internal static class Meminfo
{
    private const string Refresh = "/proc/sys/vm/stat_refresh";

    /// <summary>Brings what the processors count each for itself together; the numbers are up to date then.</summary>
    public static void BringTogether() => File.WriteAllText(Refresh, "1");

    /// <summary>Gives a line's number, in KiB.</summary>
    public static long Get(string name)
    {
        string line = File.ReadLines("/proc/meminfo").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
