namespace LuoInterop.VmBenchmarks;

/// <summary>Is the same memory carried by a disk and by live update, in seconds; null what was not measured.</summary>
/// <param name="Bytes">How much it is.</param>
/// <param name="Disk">Writing and reading back.</param>
/// <param name="DiskWhole">The same with the kexec between: from the first byte written to the last byte read.</param>
/// <param name="Small">Creating, preserving, opening, retrieving and finishing, of folios of 4 KiB.</param>
/// <param name="SmallWhole">The same with the kexec between.</param>
/// <param name="Huge">As <paramref name="Small"/>, of folios of 2 MiB.</param>
/// <param name="HugeWhole">As <paramref name="SmallWhole"/>, of folios of 2 MiB.</param>
public sealed record DiskComparison(
    long Bytes, Spread Disk, Spread DiskWhole, Spread? Small, Spread? SmallWhole, Spread? Huge, Spread? HugeWhole)
{
    private static readonly Phase[] s_calls =
        [Phase.Create, Phase.Preserve, Phase.Open, Phase.RetrieveSessions, Phase.Retrieve, Phase.Finish];

    /// <summary>Gives a comparison for each size that went to the disk.</summary>
    public static IEnumerable<DiskComparison> Of(BenchResults results) =>
        results.Disks.GroupBy(static disk => disk.Bytes).OrderBy(static group => group.Key).Select(group => new DiskComparison(
            group.Key,
            Spread.Of(group.Select(static disk => disk.SaveSeconds + disk.LoadSeconds)),
            Spread.Of(group.Select(static disk => disk.SaveSeconds + disk.DownSeconds + disk.LoadSeconds)),
            Live(results, group.Key, huge: false, whole: false),
            Live(results, group.Key, huge: false, whole: true),
            Live(results, group.Key, huge: true, whole: false),
            Live(results, group.Key, huge: true, whole: true)));

    private static Spread? Live(BenchResults results, long bytes, bool huge, bool whole)
    {
        UpdateResult[] same = [.. results.Updates.Where(update => update.Size.Total == bytes && update.Size.HugeFolios == huge)];
        return same.Length == 0
            ? null
            : Spread.Of(same.Select(update => s_calls.Sum(phase => update.Seconds[phase]) + (whole ? update.DownSeconds : 0)));
    }
}
