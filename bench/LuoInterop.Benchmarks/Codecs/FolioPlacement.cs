namespace LuoInterop.Benchmarks;

/// <summary>Says where a file's folios lie, and where it has holes.</summary>
public enum FolioPlacement
{
    Dense,
    EverySecond,
    OneIn64,
    OneIn512,
    OneIn262144,

    /// <summary>1000 pages of a TiB, the same ones each time.</summary>
    RandomInTiB,
}
