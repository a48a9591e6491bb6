using Perfolizer.Mathematics.QuantileEstimators;

namespace LuoInterop.VmBenchmarks;

/// <summary>Is the middle of some numbers and how far they lie apart.</summary>
/// <param name="Median">The middle one, or the mean of the two in the middle.</param>
/// <param name="Lower">The first quartile.</param>
/// <param name="Upper">The third quartile.</param>
/// <param name="Least">The smallest.</param>
/// <param name="Most">The largest.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct Spread(double Median, double Lower, double Upper, double Least, double Most, int Count)
{
    /// <summary>Gives the spread of at least one number. Quartiles between two numbers are interpolated.</summary>
    public static Spread Of(IEnumerable<double> numbers)
    {
        double[] all = [.. numbers];
        if (all.Length == 0)
        {
            throw new ArgumentException("There are no numbers.", nameof(numbers));
        }

        // Of one number the estimator gives none.
        if (all.Length == 1)
        {
            return new Spread(all[0], all[0], all[0], all[0], all[0], 1);
        }

        Quartiles quartiles = Quartiles.Create(all, SimpleQuantileEstimator.Instance);
        return new Spread(quartiles.Median, quartiles.Q1, quartiles.Q3, quartiles.Min, quartiles.Max, all.Length);
    }
}
