using LuoInterop.VmBenchmarks;

namespace LuoInterop.Benchmarks;

/// <summary>Says whether a bar is held.</summary>
internal enum Verdict
{
    /// <summary>The rounds vary by more than the bar allows to tell.</summary>
    Open,

    /// <summary>The whole interval is at or below the bar.</summary>
    Holds,

    /// <summary>The whole interval is above the bar.</summary>
    Worse,
}

/// <summary>Is an operation of two builds.</summary>
/// <param name="Key">The operation.</param>
/// <param name="Ratio">The new build's time by the old one's: the median of the rounds, and its interval.</param>
/// <param name="OldBytes">What the old build allocates, at the least.</param>
/// <param name="NewBytes">What the new build allocates, at the least.</param>
/// <param name="Verdict">Whether the time holds the bar.</param>
/// <param name="AllocatesMore">Whether the new build allocates more.</param>
internal sealed record BuildRow(string Key, Spread Ratio, double? OldBytes, double? NewBytes, Verdict Verdict, bool AllocatesMore)
{
    /// <summary>Gets the verdict in words.</summary>
    public string Words => string.Join(", ", ((string?[])
    [
        Verdict switch { Verdict.Holds => "holds", Verdict.Worse => "WORSE", _ => "open" },
        AllocatesMore ? "ALLOCATES MORE" : null,
    ]).OfType<string>());
}
