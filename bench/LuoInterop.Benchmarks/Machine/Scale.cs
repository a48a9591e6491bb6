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
    public static IEnumerable<int> Files => Fitting(Sessions);

    /// <summary>Gets the numbers of sessions that are handed over at once.</summary>
    public static IEnumerable<int> HandedSessions => IsSmoke ? [10] : [1, 10, 100, 1_000, 10_000, 100_000];

    /// <summary>Gets the numbers of files that are handed over at once, as far as this process may hold them open.</summary>
    public static IEnumerable<int> HandedFiles => Fitting(HandedSessions);

    /// <summary>Gets the numbers of entries that a codec writes or reads at once.</summary>
    public static IEnumerable<int> Entries => IsSmoke ? [100] : [100, 1_000, 10_000, 100_000];

    /// <summary>Gets the numbers of names in a catalogue, whose document may have 16 MiB, and of nodes in a tree.</summary>
    public static IEnumerable<int> Names => IsSmoke ? [10] : [10, 100, 1_000, 10_000];

    /// <summary>Gets the sizes in bytes of the memory that is handed over, as far as this machine has them.</summary>
    public static IEnumerable<long> Sizes => IsSmoke
        ? [8L << 20]
        : AllSizes.Where(MemoryBound.Allows);

    /// <summary>Gets the sizes in bytes that this machine has no memory for.</summary>
    public static IEnumerable<long> SizesLeftOut => IsSmoke ? [] : AllSizes.Where(static size => !MemoryBound.Allows(size));

    /// <summary>Gets the sizes in bytes of memory of which there is a second copy in memory meanwhile,
    /// as far as this machine has both.</summary>
    public static IEnumerable<long> CopiedSizes => Sizes.Where(static size => MemoryBound.Allows(2 * size));

    /// <summary>Gets the sizes in bytes of what goes to a disk, or is not worth more.</summary>
    public static IEnumerable<long> SmallSizes => Sizes.Where(static size => size <= 512L << 20);

    /// <summary>Gets the files whose folios are written and read.</summary>
    public static IEnumerable<FolioPlacement> Placements =>
        IsSmoke ? [FolioPlacement.Dense, FolioPlacement.RandomInTiB] : Enum.GetValues<FolioPlacement>();

    /// <summary>Gets how many folios a file has that does not say it itself; a page in 262,144 of 16 TiB,
    /// the largest memfd there is.</summary>
    public static int Folios => IsSmoke ? 600 : 16_384;

    /// <summary>Gets the size in bytes of the memory whose handover has a bar.</summary>
    public static long HandoverSize => Sizes.Max();

    private static IEnumerable<long> AllSizes => [1L << 20, 8L << 20, 64L << 20, 512L << 20, 4L << 30, 8L << 30];

    private static IEnumerable<int> Fitting(IEnumerable<int> counts) =>
        counts.Where(static count => count + OtherDescriptors <= DescriptorLimit.Current);
}
