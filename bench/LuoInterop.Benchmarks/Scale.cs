namespace LuoInterop.Benchmarks;

/// <summary>Says how much there is while something is measured.</summary>
internal static class Scale
{
    // Beside the files that are there: those that are preserved or retrieved, and the runtime's own descriptors.
    private const int OtherDescriptors = 1000;

    /// <summary>Gets or sets whether everything is done once, with little of everything, and nothing is measured.</summary>
    public static bool IsSmoke { get; set; }

    /// <summary>Gets the numbers of sessions, which are no descriptors of the host.</summary>
    public static IEnumerable<int> Sessions => IsSmoke ? [100] : [100, 1_000, 10_000, 100_000];

    /// <summary>Gets the numbers of files that this process may hold open: each preserved memfd is a descriptor of the host.</summary>
    public static IEnumerable<int> Files => Sessions.Where(static count => count + OtherDescriptors <= DescriptorLimit.Current);

    /// <summary>Gets the files whose folios are written and read.</summary>
    public static IEnumerable<FolioPlacement> Placements =>
        IsSmoke ? [FolioPlacement.Dense, FolioPlacement.RandomInTiB] : Enum.GetValues<FolioPlacement>();

    /// <summary>Gets how many folios a file has that does not say it itself; a page in 262,144 of 16 TiB, the largest memfd there is.</summary>
    public static int Folios => IsSmoke ? 600 : 16_384;

    /// <summary>Gets the size in bytes of the memory that is handed over.</summary>
    public static long HandoverSize => IsSmoke ? 8L << 20 : 8L << 30;
}
