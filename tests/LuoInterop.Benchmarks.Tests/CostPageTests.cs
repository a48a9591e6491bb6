using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that figures come to where a page has their mark, and nowhere else.</summary>
public sealed class CostPageTests
{
    private static readonly RunResults Run = Runs.Of(
        Runs.Row("system call", 250),
        Runs.Row("live update", 3e6, null, ("size", 1L << 30), ("folio", 4096), ("content", "dense")),
        Runs.Row("live update", 2e6, null, ("size", 1L << 30), ("folio", 2 << 20), ("content", "dense")),
        Runs.Row("create and close a session", 300, null, ("sessions", 1000)),
        Runs.Row("preserve a file", 9000, null, ("files", 1000)),
        ResultRow.Counted("metadata of a folio", 16.5, ("size", 64L << 20), ("folio", 4096)));

    [Fact]
    public void Marks_AreFilled_AndTheRestStays()
    {
        const string Page = "# Title\n<!-- host: sizes -->\nold\n<!-- end -->\ntext\n<!-- host: memory -->\n<!-- end -->\n";
        const string Filled = """
            # Title
            <!-- host: sizes -->
            | size | 2 MiB folios | 4 KiB folios | 2 MiB folios, a hole | 4 KiB folios, a hole | copy through tmpfs | through a disk |
            |---|---|---|---|---|---|---|
            | 1 GiB | 2.00 ms | 3.00 ms | not measured | not measured | not measured | not measured |
            <!-- end -->
            text
            <!-- host: memory -->
            | one file | 4 KiB folios | 2 MiB folios |
            |---|---|---|
            | the entry of a folio in the format | 16 B | 16 B |
            | all metadata of 64 MiB | 264 KiB, 16.5 B a folio | not measured |
            <!-- end -->

            """;
        Assert.Equal(Filled, CostPage.Fill(Page, Run));
        Assert.Equal(Filled, CostPage.Fill(Filled, Run));
    }

    [Fact]
    public void Counts_StandBesideEachOther() => Assert.Contains(
        "| 1,000 | 300 ns | not measured | not measured | not measured | 9.00 us | not measured | not measured |\n",
        CostPage.Fill("<!-- host: counts -->\n<!-- end -->", Run),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("<!-- host: sizes -->\n")]
    [InlineData("<!-- host: sizes")]
    [InlineData("<!-- host: weather -->\n<!-- end -->")]
    public void MarksThatAreNotWhole_AreRefused(string page) =>
        Assert.Throws<InvalidDataException>(() => CostPage.Fill(page, Run));

    [Fact]
    public void RunInTheVm_FillsItsOwnMarksOnly()
    {
        (string, object)[] one = [("size", 1L << 30), ("folio", 4096), ("sessions", 1), ("files", 1)];
        RunResults run = Runs.Of(
            Runs.Row("C: finish a session", 1000),
            Runs.Row("managed: finish a session", 1040, "C: finish a session") with { Ratio = 1.04, RatioQ1 = 1.01, RatioQ3 = 1.08,
                Allocated = 0 },
            Runs.Row("phase: preserve", 2e6, null, one),
            Runs.Row("phase: jump", 1e9, null, one),
            Runs.Row("phase: boot", 2e9, null, one),
            Runs.Row("phase: start", 3e9, null, one)) with { What = "vm" };
        string page = CostPage.Fill(
            "<!-- host: sizes -->\nold\n<!-- end -->\n<!-- vm: calls -->\n<!-- end -->\n<!-- vm: phases -->\n<!-- end -->\n", run);
        Assert.StartsWith("<!-- host: sizes -->\nold\n<!-- end -->\n<!-- vm: calls -->\n", page, StringComparison.Ordinal);
        Assert.Contains("| finish a session | 1.00 us | 1.04 us | 1.04x [1.01, 1.08] | nothing |\n", page, StringComparison.Ordinal);
        Assert.Contains(
            "| phase | folios | 1 GiB |\n|---|---|---|\n| preserve | 4 KiB | 2.00 ms [1.80 ms, 2.20 ms] |\n| preserve | 2 MiB | not "
            + "measured |\n",
            page,
            StringComparison.Ordinal);
        Assert.Contains("| kexec and boot until the program | 4 KiB | 6.00 s [5.40 s, 6.60 s] |\n", page, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => CostPage.Fill("<!-- vm: sizes -->\n<!-- end -->", run));
    }
}
