using LuoInterop.Benchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows that runs are compared by ratios, and that what cannot be compared is said.</summary>
public sealed class ComparisonTests
{
    [Fact]
    public void MachineOfHalfTheSpeed_ChangesNothing()
    {
        RunResults old = Runs.Of(Runs.Row("system call", 50), Runs.Row("preserve", 1000, "system call"), Runs.Row("retrieve", 500, "system call"));
        RunResults @new = Runs.Of(Runs.Row("system call", 100), Runs.Row("preserve", 2000, "system call"), Runs.Row("retrieve", 1000, "system call"));
        Assert.All(new Comparison(old, @new).Changes, static change => Assert.Equal((1, false), (change.Factor, change.IsBeyondSpread)));
    }

    [Fact]
    public void LargestChange_ComesFirst_AndIsMarkedBeyondTheSpread()
    {
        RunResults old = Runs.Of(
            Runs.Row("system call", 50), Runs.Row("a", 100, "system call"), Runs.Row("b", 100, "system call"), Runs.Row("c", 100, "system call"));
        RunResults @new = Runs.Of(
            Runs.Row("system call", 50), Runs.Row("a", 110, "system call"), Runs.Row("b", 300, "system call"), Runs.Row("c", 50, "system call"));
        Comparison comparison = new(old, @new);
        Assert.Equal([("b", 3, true), ("c", 0.5, true), ("a", 1.1, false)], comparison.Changes.Select(static c => (c.Key, c.Factor, c.IsBeyondSpread)));
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
            Runs.Of(Runs.Row("c", 70), row), Runs.Of(Runs.Row("c", 700), row with { Ratio = 1.06, RatioQ1 = 1.04, RatioQ3 = 1.07 })).Changes);
        Assert.Equal((1.02, 1.04, true), (change.Old.Middle, change.New.Low, change.IsBeyondSpread));
    }

    [Fact]
    public void CountedBytes_NeedNoYardstick()
    {
        Change change = Assert.Single(new Comparison(Runs.Of(ResultRow.Counted("metadata", 16)), Runs.Of(ResultRow.Counted("metadata", 24))).Changes);
        Assert.Equal((1.5, true), (change.Factor, change.IsBeyondSpread));
    }

    [Fact]
    public void WhatOneRunLacks_IsNamed()
    {
        RunResults old = Runs.Of(
            Runs.Row("system call", 50), Runs.Row("a", 1, "system call"), Runs.Row("gone", 1, "system call"), Runs.Row("d", 1, "memory copy"));
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
    public void RunsWithNothingInCommon_AreRefused()
    {
        RunResults run = Runs.Of(Runs.Row("system call", 50), Runs.Row("a", 1, "system call"));
        Assert.Throws<InvalidDataException>(() => new Comparison(run, Runs.Of(Runs.Row("system call", 50))));
        Assert.Throws<InvalidDataException>(() => new Comparison(run, run with { What = "vm" }));
    }
}
