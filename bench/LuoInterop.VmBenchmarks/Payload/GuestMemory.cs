using System.Globalization;

namespace LuoInterop.VmBenchmarks;

/// <summary>Reads what the guest's kernel says of its memory.</summary>
internal static class GuestMemory
{
    private const string Refresh = "/proc/sys/vm/stat_refresh";
    private const long PageSize = UpdateSize.Page;

    /// <summary>Gives the free bytes: those of the zones and those that each processor keeps at hand, which MemFree leaves out.</summary>
    /// <remarks>A processor takes up to an eighth of a zone at once (nr_pcp_alloc, mm/page_alloc.c).</remarks>
    public static long FreeBytes()
    {
        // Brings together what the processors count each for itself.
        File.WriteAllText(Refresh, "1");
        return PageSize * File.ReadLines("/proc/zoneinfo").Select(Words)
            .Where(static words => words is ["nr_free_pages" or "count:", _])
            .Sum(static words => long.Parse(words[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Gives the areas of vmalloc by address: their bytes without the guard page.</summary>
    public static Dictionary<string, long> Areas() =>
        File.ReadLines("/proc/vmallocinfo").Select(Words).Where(static words => words.Contains("vmalloc"))
            .GroupBy(static words => words[0])
            .ToDictionary(static area => area.Key, static area =>
                area.Sum(static words => long.Parse(words[1], CultureInfo.InvariantCulture) - PageSize));

    /// <summary>Gives the bytes of the shmem folios of 2 MiB.</summary>
    public static long HugeBytes()
    {
        string[] words = File.ReadLines("/proc/meminfo").Select(Words).First(static words => words[0] == "ShmemHugePages:");
        return long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
