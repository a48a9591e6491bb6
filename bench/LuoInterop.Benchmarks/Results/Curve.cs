using LuoInterop.VmBenchmarks;

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

    private static Curve Fit(string name, string parameter, IReadOnlyList<(double X, double Y)> points)
    {
        PowerFit fit = PowerFit.Of(points)!.Value;
        return new Curve(name, parameter, points[0].X, points[^1].X, fit.Exponent, fit.RSquared, fit.LastExponent);
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
