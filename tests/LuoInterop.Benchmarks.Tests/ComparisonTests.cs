using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that runs are compared by ratios, and that what cannot be compared is said.</summary>
public sealed class ComparisonTests
{
    [Fact]
    public void MachineOfHalfTheSpeed_ChangesNothing()
    {
        RunResults old =
            Runs.Of(Runs.Row("system call", 50), Runs.Row("preserve", 1000, "system call"), Runs.Row("retrieve", 500, "system call"));
        RunResults @new =
            Runs.Of(Runs.Row("system call", 100), Runs.Row("preserve", 2000, "system call"), Runs.Row("retrieve", 1000, "system call"));
        Assert.All(new Comparison(old, @new).Changes, static change => Assert.Equal((1, false), (change.Factor, change.IsBeyondSpread)));
    }

    [Fact]
    public void LargestChange_ComesFirst_AndIsMarkedBeyondTheSpread()
    {
        RunResults old = Runs.Of(
            Runs.Row("system call", 50),
            Runs.Row("a", 100, "system call"),
            Runs.Row("b", 100, "system call"),
            Runs.Row("c", 100, "system call"));
        RunResults @new = Runs.Of(
            Runs.Row("system call", 50),
            Runs.Row("a", 110, "system call"),
            Runs.Row("b", 300, "system call"),
            Runs.Row("c", 50, "system call"));
        Comparison comparison = new(old, @new);
        Assert.Equal(
            [("b", 3, true), ("c", 0.5, true), ("a", 1.1, false)],
            comparison.Changes.Select(static c => (c.Key, c.Factor, c.IsBeyondSpread)));
        string[] lines = comparison.Write().Split('\n');
        Assert.Contains("| 3.00x | MORE | 2 (1.8 to 2.2) | 6 (5.4 to 6.6) | b |", lines);
        Assert.Contains("| 0.50x | less | 2 (1.8 to 2.2) | 1 (0.9 to 1.1) | c |", lines);
        Assert.Contains("| 1.10x |  | 2 (1.8 to 2.2) | 2.2 (1.98 to 2.42) | a |", lines);
        Assert.Contains("2 of 3 rows changed by more than the spread: the middle halves of their iterations do not overlap.", lines);
    }

    [Fact]
    public void RatioMeasuredPairByPair_CountsWithItsOwnSpread()
    {
        ResultRow row = Runs.Row("managed", 100, "c") with { Ratio = 1.02, RatioQ1 = 1.01, RatioQ3 = 1.03 };
        Change change = Assert.Single(new Comparison(
            Runs.Of(Runs.Row("c", 70), row), Runs.Of(Runs.Row("c", 700), row with { Ratio = 1.06, RatioQ1 = 1.04, RatioQ3 = 1.07 }))
            .Changes);
        Assert.Equal((1.02, 1.04, true), (change.Old.Median, change.New.Lower, change.IsBeyondSpread));
    }

    [Fact]
    public void CountedBytes_NeedNoYardstick()
    {
        Change change =
            Assert.Single(new Comparison(Runs.Of(ResultRow.Counted("metadata", 16)), Runs.Of(ResultRow.Counted("metadata", 24))).Changes);
        Assert.Equal((1.5, true), (change.Factor, change.IsBeyondSpread));
    }

    [Fact]
    public void WhatOneRunLacks_IsNamed()
    {
        RunResults old = Runs.Of(
            Runs.Row("system call", 50),
            Runs.Row("a", 1, "system call"),
            Runs.Row("gone", 1, "system call"),
            Runs.Row("d", 1, "memory copy"));
        RunResults @new = Runs.Of(
            Runs.Row("system call", 50),
            Runs.Row("memory copy", 9),
            Runs.Row("a", 1, "system call"),
            Runs.Row("come", 1, "system call", ("files", 3)),
            Runs.Row("d", 1, "memory copy"));
        string[] lines = new Comparison(old, @new).Write().Split('\n');
        Assert.Contains("only in the old run: gone", lines);
        Assert.Contains("only in the new run: come [files=3]", lines);
        Assert.Contains("only in the new run: memory copy", lines);
        Assert.Contains("not compared, since a run lacks the yardstick: d", lines);
    }

    [Fact]
    public void RunsOfDifferentProcessors_AreNotJudgedByTheirTimes()
    {
        ResultRow pair = Runs.Row("managed", 100, "c") with { Ratio = 1.02, RatioQ1 = 1.01, RatioQ3 = 1.03 };
        RunResults old = Runs.Of(
            Runs.Row("system call", 120),
            Runs.Row("a", 100, "system call") with { Allocated = 24 },
            pair,
            ResultRow.Counted("metadata", 16));
        RunResults @new = Runs.Of(
            Runs.Row("system call", 1180),
            Runs.Row("a", 100, "system call") with { Allocated = 32 },
            pair,
            ResultRow.Counted("metadata", 16)) with
        {
            Machine = old.Machine with { Processor = "another processor" },
        };
        Comparison comparison = new(old, @new);
        Assert.Equal(["managed", "metadata"], comparison.Changes.Select(static change => change.Key).Order());
        string[] lines = comparison.Write().Split('\n');
        Assert.Contains(
            "The runs are of different processors (some processor; another processor): their times are not compared, nor their "
            + "ratios to a yardstick.",
            lines);
        Assert.Contains("time not compared: a", lines);
        Assert.Contains("allocates another number of bytes: a: 24, now 32", lines);
    }

    [Fact]
    public void RunsOfDifferentProcessors_WithTimesAlone_AreRefused()
    {
        RunResults run = Runs.Of(Runs.Row("system call", 50), Runs.Row("a", 1, "system call"));
        string message = Assert.Throws<InvalidDataException>(() =>
            new Comparison(run, run with { Machine = run.Machine with { Processor = "another processor" } })).Message;
        Assert.StartsWith("The runs are of different processors", message, StringComparison.Ordinal);
    }

    [Fact]
    public void MachineWhoseYardsticksChangedUnlike_IsNotJudgedEither()
    {
        RunResults old =
            Runs.Of(Runs.Row("system call", 312), Runs.Row("memory copy", 4e6), Runs.Row("a", 624, "system call") with { Allocated = 0 });
        RunResults @new =
            Runs.Of(Runs.Row("system call", 1180), Runs.Row("memory copy", 4e6), Runs.Row("a", 624, "system call") with { Allocated = 0 });
        Comparison comparison = new(old, @new);
        Assert.Empty(comparison.Changes);
        Assert.StartsWith(
            "The machine itself changed: \"memory copy\" takes 1.00 times as long, \"system call\" takes 3.78 times as long: ",
            comparison.Unlike,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("virtual; the host: 2 cores (AMD EPYC), 23 GiB of memory, Linux 6.18, .NET 10.0.12", "AMD EPYC, Tcg")]
    [InlineData(
        "virtual; the host: 4 cores (Intel(R) Xeon(R) Processor), 7 GiB of memory, Linux 6.1, .NET 10.0.0",
        "Intel(R) Xeon(R) Processor, Tcg")]
    public void ProcessorOfAVm_IsTheHosts_WhateverElseTheHostHas(string processor, string chip) =>
        Assert.Equal(chip, new MachineDescription(2, processor, 1L << 30, "7.3", "10.0.0", "Tcg").Chip);

    [Fact]
    public void RunsWithNothingInCommon_AreRefused()
    {
        RunResults run = Runs.Of(Runs.Row("system call", 50), Runs.Row("a", 1, "system call"));
        Assert.Throws<InvalidDataException>(() => new Comparison(run, Runs.Of(Runs.Row("system call", 50))));
        Assert.Throws<InvalidDataException>(() => new Comparison(run, run with { What = "vm" }));
    }
}
