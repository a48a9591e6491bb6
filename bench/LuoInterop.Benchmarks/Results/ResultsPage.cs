using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes a run for people: the bars, how cost grows, and BenchmarkDotNet's own tables.</summary>
internal static class ResultsPage
{
    /// <summary>Makes the page.</summary>
    /// <param name="run">The run.</param>
    /// <param name="tables">What BenchmarkDotNet exports of it.</param>
    public static string Write(RunResults run, string tables)
    {
        var page = new StringBuilder("# What the emulated kernel and the library cost\n\n");
        page.AppendLine(
            Invariant($"{run.Date:yyyy-MM-dd}, `{run.Command}`: {run.Machine}. The figures are in the JSON file of this name;"));
        page.AppendLine("[README.md](README.md) says what its members mean. Times of other machines differ, ratios less.");
        Section(page, "Bars", BarsTable.Of(run));
        Section(page, "How cost grows", Growth.Table(run.Rows));
        Section(page, "All figures", tables);
        return page.ToString();
    }

    private static void Section(StringBuilder page, string title, string? body)
    {
        if (body is not null)
        {
            page.AppendLine().AppendLine($"## {title}").AppendLine().AppendLine(body.Trim());
        }
    }
}
