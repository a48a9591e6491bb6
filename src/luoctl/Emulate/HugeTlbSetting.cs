namespace LuoInterop.Cli.Emulate;

/// <summary>Holds what <c>luoctl emulate hugetlb</c> is to play through: the talk's example unless it is told otherwise.</summary>
/// <param name="HostMemory">The machine's memory in bytes.</param>
/// <param name="PageSize">The size of a huge page in bytes: 2 MiB or 1 GiB.</param>
/// <param name="Pages">How many huge pages both kernels are told to have.</param>
/// <param name="Preserved">How many of them a preserved memory file has.</param>
/// <param name="ScratchOnly">Whether scratch-only mode lasts until gigantic pages are allocated.</param>
internal sealed record HugeTlbSetting(long HostMemory, long PageSize, int Pages, int Preserved, bool ScratchOnly)
{
    /// <summary>Gets the fixes by the names that the command has for them, and the preview's words for them.</summary>
    public static IReadOnlyDictionary<string, string> Fixes { get; } = new Dictionary<string, string>
    {
        ["none"] = "none",
        ["freeze-pool"] = "pool",
        ["count"] = "count",
    };

    /// <summary>Gets the command line of both kernels.</summary>
    /// <param name="fix">The fix.</param>
    public string CommandLine(string fix) =>
        $"kho=on liveupdate=on default_hugepagesz={PageSize >> 20}M hugepages={Pages} "
        + $"hugetlb_luo={Fixes[fix]}{(ScratchOnly ? " hugetlb_boot=scratch" : "")}";

    /// <summary>Says a number of bytes in the largest unit that it is a multiple of.</summary>
    public static string Size(long bytes) =>
        bytes % (1L << 40) == 0 ? $"{bytes >> 40} TiB"
        : bytes % (1L << 30) == 0 ? $"{bytes >> 30} GiB"
        : $"{bytes >> 20} MiB";
}
