namespace LuoInterop.VmBenchmarks;

/// <summary>Is what a call takes in C and through the managed API, in nanoseconds, a number for each round.</summary>
/// <param name="Operation">What was called.</param>
/// <param name="Native">In C.</param>
/// <param name="Managed">Through the managed API, in the same rounds.</param>
/// <param name="Bytes">The bytes that the managed call allocates, in the same rounds.</param>
internal sealed record CallResult(string Operation, IReadOnlyList<double> Native, IReadOnlyList<double> Managed, IReadOnlyList<double> Bytes)
{
    /// <summary>Gets each round's ratio of managed to C.</summary>
    public Spread Ratio => RatioTo(Native);

    /// <summary>Gives each round's ratio to other calls in C of the same rounds.</summary>
    public Spread RatioTo(IReadOnlyList<double> native) => Spread.Of(Managed.Zip(native, static (managed, c) => managed / c));
}
