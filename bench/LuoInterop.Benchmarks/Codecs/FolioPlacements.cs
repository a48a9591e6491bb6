namespace LuoInterop.Benchmarks;

/// <summary>Names placements for people.</summary>
internal static class FolioPlacements
{
    public static string InWords(this FolioPlacement placement) => placement switch
    {
        FolioPlacement.Dense => "dense",
        FolioPlacement.EverySecond => "every second page",
        FolioPlacement.OneIn64 => "one page in 64",
        FolioPlacement.OneIn512 => "one page in 512",
        FolioPlacement.OneIn262144 => "one page in 262,144",
        _ => "random pages of a TiB",
    };
}
