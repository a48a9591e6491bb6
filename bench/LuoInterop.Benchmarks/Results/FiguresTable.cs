using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes every row of a run.</summary>
internal static class FiguresTable
{
    /// <summary>Makes the table.</summary>
    public static string Of(RunResults run)
    {
        var text = new StringBuilder();
        text.AppendLine("| operation | | median | middle half | fastest | n | allocated | by its yardstick |");
        text.AppendLine("|---|---|---|---|---|---|---|---|");
        foreach (ResultRow row in run.Rows)
        {
            string spread = row.Unit == "ns" ? $"{Time(row.Q1)} to {Time(row.Q3)} | {Time(row.Min)} | {row.N}" : "| | ";
            string allocated = row.Allocated is { } bytes ? Invariant($"{bytes:N0} B") : "";
            string ratio = run.RatioOf(row) is { } value ? $"{Digits(value)}x {row.RelativeTo}" : "";
            text.AppendLine($"| {row.Name} | {Parameters(row)} | {(row.Unit == "ns" ? Time(row.Median) : $"{Digits(row.Median)} B")} | {spread} | {allocated} | {ratio} |");
        }

        return text.ToString();
    }
}
