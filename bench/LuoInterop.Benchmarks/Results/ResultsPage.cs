using System.Text;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes a run for people.</summary>
internal static class ResultsPage
{
    /// <summary>Makes the page.</summary>
    public static string Write(RunResults run)
    {
        var page = new StringBuilder();
        page.AppendLine(Invariant($"# {(run.What == "host" ? "What the emulated kernel and the library cost" : "What live update costs on Linux in a VM")}"));
        page.AppendLine();
        page.AppendLine(Invariant($"{run.Date:yyyy-MM-dd}, `{run.Command}`: {run.Machine}. The figures are in the JSON file of this name;"));
        page.AppendLine("[README.md](README.md) says what its members mean. Times of other machines differ, ratios less.");
        Section(page, "Bars", BarsTable.Of(run));
        Section(page, "The limits beside the numbers", LimitsTable.Of(run));
        Section(page, "How cost grows", CurvesTable.Of(run));
        Section(page, "The two arrays of a file's folios", ArraysTable.Of(run));
        Section(page, "All figures", FiguresTable.Of(run));
        return page.ToString();
    }

    private static void Section(StringBuilder page, string title, string? body)
    {
        if (body is not null)
        {
            page.AppendLine().AppendLine($"## {title}").AppendLine().AppendLine(body.TrimEnd());
        }
    }
}
