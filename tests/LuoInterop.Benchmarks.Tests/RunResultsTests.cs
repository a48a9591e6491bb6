using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that a run comes back from its file as it was, and that nothing else is taken for one.</summary>
public sealed class RunResultsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void SavedRun_ComesBack()
    {
        RunResults run = Runs.Of(
            Runs.Row("system call", 50),
            Runs.Row("preserve", 100.5, "system call", ("files", 1000), ("content", "dense")) with { Allocated = 24 },
            ResultRow.Counted("metadata", 16.25, ("size", 1L << 30)));
        run.Save(_path);
        RunResults read = RunResults.Load(_path);
        Assert.Equal((run.Date, run.What, run.Command, run.Machine), (read.Date, read.What, read.Command, read.Machine));
        Assert.Equal(
            ["system call", "preserve [content=dense, files=1000]", "metadata [size=1073741824]"], read.Rows.Select(static row => row.Key));
        Assert.Equal((100.5, 24, 2.01), (read.Rows[1].Median, read.Rows[1].Allocated, read.Rows[1].Ratio));
        Assert.Equal((16.25, "B", null), (read.Rows[2].Median, read.Rows[2].Unit, read.Rows[2].Ratio));

        read.Save(_path);
        Assert.Equal(read.Rows.Select(static row => row.Ratio), RunResults.Load(_path).Rows.Select(static row => row.Ratio));
    }

    [Fact]
    public void MembersOfLaterVersions_AreLeftAlone()
    {
        Runs.Of(Runs.Row("system call", 50)).Save(_path);
        File.WriteAllText(_path, File.ReadAllText(_path).Replace("\"what\":", "\"weather\":\"rain\",\"what\":", StringComparison.Ordinal));
        Assert.Equal(50, Assert.Single(RunResults.Load(_path).Rows).Median);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("{\"format\":1}")]
    [InlineData("{\"format\":2,\"what\":\"host\",\"date\":\"2026-11-21T00:00:00Z\",\"command\":\"\",\"machine\":{},\"rows\":[]}")]
    public void AnythingElse_IsRefusedByName(string text)
    {
        File.WriteAllText(_path, text);
        Assert.Contains(_path, Assert.Throws<InvalidDataException>(() => RunResults.Load(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RowThatIsThereTwice_IsNamed()
    {
        Runs.Of(Runs.Row("preserve", 1, null, ("files", 1)), Runs.Row("preserve", 2, null, ("files", 1))).Save(_path);
        Assert.Contains(
            "preserve [files=1]", Assert.Throws<InvalidDataException>(() => RunResults.Load(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Yardstick_IsTheOneWithTheMostParametersThatFit()
    {
        ResultRow update = Runs.Row("update", 20, "copy", ("size", 8), ("folio", 4096));
        RunResults run =
            Runs.Of(Runs.Row("copy", 10), Runs.Row("copy", 40, null, ("size", 8)), Runs.Row("copy", 80, null, ("size", 9)), update);
        Assert.Equal(0.5, run.RatioOf(update));
        Assert.Equal(2, run.RatioOf(Runs.Row("update", 20, "copy", ("size", 7))));
        Assert.Null(run.RatioOf(Runs.Row("update", 20, "no such row")));
        Assert.Equal(1.25, run.RatioOf(update with { Ratio = 1.25 }));
    }

    [Fact]
    public void NewestBeside_IsTheLatestOfTheSameKind()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            RunResults run = Runs.Of(Runs.Row("system call", 50));
            string old = Path.Combine(folder, "old.json");
            run.Save(old);
            Assert.Throws<InvalidDataException>(() => RunFiles.NewestBeside(old));
            (run with { Date = Runs.Date.AddDays(1) }).Save(Path.Combine(folder, "b.json"));
            (run with { Date = Runs.Date.AddDays(2) }).Save(Path.Combine(folder, "a.json"));
            (run with { Date = Runs.Date.AddDays(3), What = "vm" }).Save(Path.Combine(folder, "c.json"));
            Assert.Equal(Path.Combine(folder, "a.json"), RunFiles.NewestBeside(old));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public void Dispose() => File.Delete(_path);
}
