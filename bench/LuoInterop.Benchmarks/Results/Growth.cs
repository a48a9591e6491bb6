using System.Text;
using LuoInterop.VmBenchmarks;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Says how the cost of an operation grows with a parameter.</summary>
/// <param name="Name">The operation, with the parameters that stay.</param>
/// <param name="Parameter">What grows.</param>
/// <param name="From">Its least value.</param>
/// <param name="To">Its largest value.</param>
/// <param name="Fit">The power of the parameter that its medians follow.</param>
internal sealed record Growth(string Name, string Parameter, double From, double To, PowerFit Fit)
{
    private const int LeastPoints = 3;

    /// <summary>Finds every operation that was measured at three values of a parameter or more.</summary>
    /// <remarks>Bytes are no cost that grows here.</remarks>
    public static IReadOnlyList<Growth> Of(IReadOnlyCollection<ResultRow> rows) =>
    [
        .. from parameter in rows.SelectMany(static row => row.Parameters.Keys).Distinct()
           from points in rows.Where(row => row.Unit == "ns" && row.Number(parameter) > 0 && row.Median > 0)
               .GroupBy(row => row.Without(parameter).Key)
           let sorted = points.Select(row => (X: row.Number(parameter)!.Value, Y: row.Median)).OrderBy(static point => point.X).ToArray()
           where sorted.DistinctBy(static point => point.X).Count() >= LeastPoints
           select new Growth(points.Key, parameter, sorted[0].X, sorted[^1].X, PowerFit.Of(sorted)!.Value),
    ];

    /// <summary>Makes the table.</summary>
    /// <returns>Null when nothing grows.</returns>
    public static string? Table(IReadOnlyCollection<ResultRow> rows)
    {
        IReadOnlyList<Growth> all = Of(rows);
        if (all.Count == 0)
        {
            return null;
        }

        var text = new StringBuilder("""
            cost ~ parameter^exponent, fitted to the medians by least squares with both axes logarithmic: 0 does not depend on it, 1 is in
            proportion to it. R2 is how much of the change the line explains: of a flat curve, which is noise, nothing. Where a fixed cost
            hides the growth among the small ones, the last step, from the second largest to the largest, shows it.

            | curve | from | to | exponent | R2 | last step | |
            |---|---|---|---|---|---|---|

            """);
        foreach (Growth one in all)
        {
            string Value(double number) => one.Parameter == "size" ? Bytes(number) : Invariant($"{number:N0} {one.Parameter}");
            PowerFit fit = one.Fit;
            string mark = fit.IsWorseThanLinear ? "WORSE THAN LINEAR" : "";
            text.AppendLine(Invariant($"| {one.Name} | {Value(one.From)} | {Value(one.To)} | {fit.Exponent:F2} | {fit.RSquared:F3} | ")
                + Invariant($"{fit.LastExponent:F2} | {mark} |"));
        }

        return text.ToString();
    }
}
