using LuoInterop.VmBenchmarks;

namespace LuoInterop.Benchmarks;

/// <summary>Says how a row changed from one run to another.</summary>
/// <param name="Key">The row.</param>
/// <param name="Old">The old figure by its yardstick.</param>
/// <param name="New">The new one.</param>
internal sealed record Change(string Key, Spread Old, Spread New)
{
    /// <summary>Gets the new figure by the old one.</summary>
    public double Factor => New.Median / Old.Median;

    /// <summary>Gets whether the middle halves of what was measured do not overlap.</summary>
    public bool IsBeyondSpread => New.Lower > Old.Upper || New.Upper < Old.Lower;

    /// <summary>Makes the change; null when one of the figures is missing or 0.</summary>
    public static Change? Of(string key, Spread? old, Spread? @new) =>
        old is { Median: > 0 } before && @new is { Median: > 0 } after ? new Change(key, before, after) : null;
}
