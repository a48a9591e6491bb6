namespace LuoInterop.VmBenchmarks;

/// <summary>Is the middle of some numbers and how far they lie apart.</summary>
/// <param name="Median">The middle one, or the mean of the two in the middle.</param>
/// <param name="Lower">The first quartile.</param>
/// <param name="Upper">The third quartile.</param>
/// <param name="Least">The smallest.</param>
/// <param name="Most">The largest.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct Spread(double Median, double Lower, double Upper, double Least, double Most, int Count)
{
    /// <summary>Gives the spread of at least one number. Quartiles between two numbers are interpolated.</summary>
    public static Spread Of(IEnumerable<double> numbers)
    {
        double[] sorted = [.. numbers.Order()];
        return sorted.Length == 0
            ? throw new ArgumentException("There are no numbers.", nameof(numbers))
            : new Spread(At(sorted, 0.5), At(sorted, 0.25), At(sorted, 0.75), sorted[0], sorted[^1], sorted.Length);
    }

    private static double At(double[] sorted, double part)
    {
        double place = part * (sorted.Length - 1);
        int below = (int)place;
        return below + 1 < sorted.Length
            ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below]))
            : sorted[below];
    }
}
