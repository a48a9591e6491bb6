using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that the page says which bars hold, and what grows too fast.</summary>
public sealed class ResultsPageTests
{
    [Fact]
    public void Bars_AreHeldAgainstTheFastestIteration()
    {
        string[] lines = ResultsPage.Write(Runs.Of(
            Runs.Row("create and close a session", 250, "system call", ("sessions", 100)),
            Runs.Row("create and close a session", 500, "system call", ("sessions", 1000)),
            ResultRow.Counted("memory for a handover", 1 << 20, ("size", 8L << 30), ("folio", 4096)),
            Runs.Row("handover", 2e9, "memory copy", ("size", 8L << 30), ("folio", 4096))), "").Split('\n');
        Assert.Contains(
            "| create and close a session beside 100 sessions | 200 ns (5,000,000/s) | 1.00x | >= 500,000/s, < 1.5x | yes |", lines);
        Assert.Contains(
            "| create and close a session beside 1,000 sessions | 400 ns (2,500,000/s) | 2.00x | >= 500,000/s, < 1.5x | NO |", lines);
        Assert.Contains("| handover of 8 GiB in 4 KiB folios | 1.60 s |  | < 1,000 ms | NO |", lines);
        Assert.Contains("| memory for the handover of 8 GiB in 4 KiB folios | 1.0 MiB (0.01 %) |  | < 2 % | yes |", lines);
    }

    [Fact]
    public void CurvesWorseThanLinear_AreMarked()
    {
        int[] counts = [10, 100, 1000];
        string[] lines = ResultsPage.Write(Runs.Of(
            [
                .. counts.Select(static count => Runs.Row("insert", count * (double)count, null, ("sessions", count))),
                .. counts.Select(static count => Runs.Row("look", 5 * count, null, ("sessions", count))),
            ]), "").Split('\n');
        Assert.Contains("| insert | 10 sessions | 1,000 sessions | 2.00 | 1.000 | 2.00 | WORSE THAN LINEAR |", lines);
        Assert.Contains("| look | 10 sessions | 1,000 sessions | 1.00 | 1.000 | 1.00 |  |", lines);
    }

    [Fact]
    public void TablesOfBenchmarkDotNet_AreItsLastSection() => Assert.EndsWith(
        "\n## All figures\n\n| Method | Median |\n",
        ResultsPage.Write(Runs.Of(Runs.Row("copy", 2e6)), "\n| Method | Median |\n\n"),
        StringComparison.Ordinal);
}
