namespace LuoInterop.Benchmarks;

/// <summary>Says how a cost grows: the straight line that fits best through its points, when both axes are logarithmic.</summary>
/// <remarks>Cost ~ parameter^exponent. 0 is a cost that does not depend on the parameter, 1 is in proportion to it.</remarks>
/// <param name="Name">The operation, with the parameters that stay.</param>
/// <param name="Parameter">What grows.</param>
/// <param name="From">Its least value.</param>
/// <param name="To">Its largest value.</param>
/// <param name="Exponent">The line's slope.</param>
/// <param name="RSquared">How much of the cost's change the line explains, 0 to 1. A flat curve is noise, of which it explains nothing.</param>
/// <param name="LastExponent">The slope between the two largest: where a fixed cost hides growth among the small ones, it shows here.</param>
internal sealed record Curve(string Name, string Parameter, double From, double To, double Exponent, double RSquared, double LastExponent)
{
    private const int LeastPoints = 3;

    // Above these, growth is called worse than linear: so much do the processor's caches and the noise of two points bring.
    private const double MostOverAll = 1.1;
    private const double MostAtEnd = 1.3;

    /// <summary>Gets whether the cost grows faster than the parameter, over all or at the end.</summary>
    public bool IsWorseThanLinear => Exponent > MostOverAll || LastExponent > MostAtEnd;

    /// <summary>Finds every curve of three points or more. What is counted in bytes is no cost that grows here.</summary>
    public static IReadOnlyList<Curve> Of(IReadOnlyCollection<ResultRow> rows) =>
    [
        .. from parameter in rows.SelectMany(static row => row.Parameters.Keys).Distinct()
           from points in rows.Where(row => row.Unit == "ns" && row.Number(parameter) > 0 && row.Median > 0).GroupBy(row => KeyWithout(row, parameter))
           let sorted = points.OrderBy(row => row.Number(parameter)).ToArray()
           where sorted.DistinctBy(row => row.Number(parameter)).Count() >= LeastPoints
           select Fit(points.Key, parameter, [.. sorted.Select(row => (row.Number(parameter)!.Value, row.Median))]),
    ];

    /// <summary>Fits a curve through points with positive coordinates, in the order of x.</summary>
    public static Curve Fit(string name, string parameter, IReadOnlyList<(double X, double Y)> points)
    {
        (double X, double Y)[] logs = [.. points.Select(static point => (Math.Log(point.X), Math.Log(point.Y)))];
        double meanX = logs.Average(static point => point.X);
        double meanY = logs.Average(static point => point.Y);
        double xx = logs.Sum(point => (point.X - meanX) * (point.X - meanX));
        double xy = logs.Sum(point => (point.X - meanX) * (point.Y - meanY));
        double yy = logs.Sum(point => (point.Y - meanY) * (point.Y - meanY));
        (double X, double Y) last = (logs[^1].X - logs[^2].X, logs[^1].Y - logs[^2].Y);
        return new Curve(name, parameter, points[0].X, points[^1].X, xy / xx, yy > 0 ? xy * xy / (xx * yy) : 1, last.Y / last.X);
    }

    private static string KeyWithout(ResultRow row, string parameter)
    {
        var others = new ResultRow
        {
            Name = row.Name,
            Unit = row.Unit,
            Median = 0,
            Parameters = new(row.Parameters.Where(other => other.Key != parameter)),
        };
        return others.Key;
    }
}
