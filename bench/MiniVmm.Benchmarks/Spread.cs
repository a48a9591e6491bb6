namespace MiniVmm.Benchmarks;

/// <summary>Is what a figure was over several live updates.</summary>
internal readonly record struct Spread(double Median, double Least, double Most, int Count)
{
    /// <summary>Gives the spread of figures, of which there is one at least.</summary>
    public static Spread Of(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        int middle = sorted.Length / 2;
        return new Spread(
            sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1], sorted.Length);
    }
}
