namespace LuoInterop.VmBenchmarks;

/// <summary>Is what a call takes in C and through the managed API, in nanoseconds, a number for each round.</summary>
/// <param name="Operation">What was called.</param>
/// <param name="Native">In C.</param>
/// <param name="Managed">Through the managed API, in the same rounds.</param>
/// <param name="Bytes">The bytes that the managed call allocates, in the same rounds.</param>
public sealed record CallResult(string Operation, IReadOnlyList<double> Native, IReadOnlyList<double> Managed, IReadOnlyList<double> Bytes)
{
    /// <summary>Gets the ratio of managed to C of each two rounds,
    /// in one of which C came first and in the other the managed loops.</summary>
    /// <remarks>What comes first in a round meets what the round before left behind:
    /// in the sum of both orders that meets each side once.</remarks>
    public Spread Ratio => RatioTo(Native);

    /// <summary>Gives the ratio of each two rounds to other calls in C of the same rounds.</summary>
    public Spread RatioTo(IReadOnlyList<double> native) => Spread.Of(Pairs(Managed).Zip(Pairs(native), static (managed, c) => managed / c));

    /// <summary>Adds each two rounds. Of a single one, as a smoke run has, there is no other order.</summary>
    private static IEnumerable<double> Pairs(IReadOnlyList<double> rounds) =>
        rounds.Count == 1 ? rounds : Enumerable.Range(0, rounds.Count / 2).Select(i => rounds[2 * i] + rounds[(2 * i) + 1]);
}
