using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes how each cost grows.</summary>
internal static class CurvesTable
{
    /// <summary>Makes the table.</summary>
    /// <returns>Null when the run has no curve.</returns>
    public static string? Of(RunResults run)
    {
        IReadOnlyList<Curve> curves = Curve.Of(run.Rows);
        if (curves.Count == 0)
        {
            return null;
        }

        var text = new StringBuilder();
        text.AppendLine("cost ~ parameter^exponent, fitted to the medians by least squares with both axes logarithmic: 0 does not depend on it, 1 is in");
        text.AppendLine("proportion to it. R2 is how much of the change the line explains: of a flat curve, which is noise, nothing. Where a fixed cost");
        text.AppendLine("hides the growth among the small ones, the last step, from the second largest to the largest, shows it.");
        text.AppendLine();
        text.AppendLine("| curve | from | to | exponent | R2 | last step | |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (Curve curve in curves)
        {
            string Value(double number) => curve.Parameter == "size" ? Bytes(number) : Invariant($"{number:N0} {curve.Parameter}");
            text.AppendLine(Invariant(
                $"| {curve.Name} | {Value(curve.From)} | {Value(curve.To)} | {curve.Exponent:F2} | {curve.RSquared:F3} | {curve.LastExponent:F2} | {(curve.IsWorseThanLinear ? "WORSE THAN LINEAR" : "")} |"));
        }

        return text.ToString();
    }
}
