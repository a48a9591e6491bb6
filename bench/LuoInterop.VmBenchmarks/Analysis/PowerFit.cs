namespace LuoInterop.VmBenchmarks;

/// <summary>Is a power of x that some points follow: y = c * x^<paramref name="Exponent"/>.</summary>
/// <param name="Exponent">The exponent, by least squares of the logarithms.</param>
/// <param name="RSquared">How well it describes the points: 1 is perfectly.</param>
/// <param name="LastExponent">The exponent from the last point but one to the last, where a constant part weighs least.</param>
public readonly record struct PowerFit(double Exponent, double RSquared, double LastExponent)
{
    // Above these, growth is called worse than linear: so much do the processor's caches and the noise of two points bring.
    private const double MostOverAll = 1.1;
    private const double MostAtEnd = 1.3;

    /// <summary>Gets whether y grows faster than x, over all or at the end.</summary>
    public bool IsWorseThanLinear => Exponent > MostOverAll || LastExponent > MostAtEnd;

    /// <summary>Fits at least two points of positive coordinates, in the order of x; null where there are fewer.</summary>
    public static PowerFit? Of(IEnumerable<(double X, double Y)> points)
    {
        (double X, double Y)[] logs =
            [.. points.Where(static p => p is { X: > 0, Y: > 0 }).Select(static p => (Math.Log(p.X), Math.Log(p.Y))).Order()];
        if (logs.Length < 2 || logs[0].X == logs[^1].X)
        {
            return null;
        }

        double meanX = logs.Average(static p => p.X);
        double meanY = logs.Average(static p => p.Y);
        double xx = logs.Sum(p => (p.X - meanX) * (p.X - meanX));
        double xy = logs.Sum(p => (p.X - meanX) * (p.Y - meanY));
        double yy = logs.Sum(p => (p.Y - meanY) * (p.Y - meanY));
        double last = (logs[^1].Y - logs[^2].Y) / (logs[^1].X - logs[^2].X);
        return new PowerFit(xy / xx, yy == 0 ? 1 : xy * xy / (xx * yy), last);
    }
}
