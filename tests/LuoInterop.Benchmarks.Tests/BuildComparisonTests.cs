using LuoInterop.Benchmarks;
using LuoInterop.VmBenchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

/// <summary>Shows how two builds are judged that were run beside each other.</summary>
public sealed class BuildComparisonTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-bench-").FullName;

    [Fact]
    public void EqualBuilds_HoldTheBar_HoweverTheMachineSlowsDown()
    {
        BuildComparison builds = Of(static round => 100 << round, static round => 100 << round);
        Assert.Equal(Verdict.Holds, Assert.Single(builds.Rows).Verdict);
        Assert.Equal((1, 1, 0), (builds.Overall.Lower, builds.Overall.Upper, builds.ExitStatus));
        Assert.EndsWith("Nothing is worse.\n", builds.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void SlowerBuild_IsWorse_WhenEveryRoundSaysSo()
    {
        BuildComparison builds = Of(static _ => 100, static round => 104 + round);
        BuildRow row = Assert.Single(builds.Rows);
        Assert.Equal((1.04, 1.065, 1.09, Verdict.Worse), (row.Ratio.Lower, row.Ratio.Median, row.Ratio.Upper, row.Verdict));
        Assert.Equal(1, builds.ExitStatus);
        Assert.Contains("| 1.065 | 1.040 to 1.090 | WORSE |", builds.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void RoundsThatVaryMoreThanTheBar_DecideNothing()
    {
        BuildComparison builds = Of(static _ => 100, static round => round % 2 == 0 ? 90 : 110);
        Assert.Equal((Verdict.Open, 3), (Assert.Single(builds.Rows).Verdict, builds.ExitStatus));
        Assert.Contains("NOT DECIDED", builds.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void BytesMore_AreWorse_AndARoundedAverageIsNone()
    {
        BuildComparison Allocating(double old, double @new) => new(
            [.. Enumerable.Repeat<(IReadOnlyList<ResultRow>, IReadOnlyList<ResultRow>)>(
                ([Runs.Row("a", 100) with { Allocated = old }], [Runs.Row("a", 100) with { Allocated = @new }]), 6)]);
        Assert.Equal((true, 1), (Assert.Single(Allocating(0, 24).Rows).AllocatesMore, Allocating(0, 24).ExitStatus));
        Assert.Equal((false, 0), (Assert.Single(Allocating(96, 97).Rows).AllocatesMore, Allocating(96, 97).ExitStatus));
        Assert.False(Assert.Single(Allocating(24, 0).Rows).AllocatesMore);
    }

    [Fact]
    public void TooFewRounds_DecideNothing()
    {
        BuildComparison builds = new([([Row(100) with { Allocated = 0 }], [Row(200) with { Allocated = 24 }])]);
        Assert.Equal((Verdict.Open, false), (Assert.Single(builds.Rows).Verdict, builds.Rows[0].AllocatesMore));
        Assert.Equal(3, builds.ExitStatus);
        Assert.Contains("NOT DECIDED: 6 rounds are the least", builds.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void MachineThatChangedBetweenTheBuilds_DecidesNothing()
    {
        ResultRow Call(double time) => Runs.Row("system call", time) with { Min = time };
        BuildComparison builds = new([.. Enumerable.Repeat<(IReadOnlyList<ResultRow>, IReadOnlyList<ResultRow>)>(
            ([Row(100), Call(100)], [Row(110), Call(110)]), 6)]);
        Assert.Equal(["a"], builds.Rows.Select(static row => row.Key));
        Assert.Equal(3, builds.ExitStatus);
        Assert.Contains("control, no code of ours: system call: 1.100 (1.100 to 1.100)", builds.Write().Split('\n'));
    }

    [Fact]
    public void Interval_LeavesOutWhatNinetyFivePercentAllow()
    {
        Assert.Equal((1, 6), (Interval(6).Lower, Interval(6).Upper));
        Assert.Equal((1, 8), (Interval(8).Lower, Interval(8).Upper));
        Assert.Equal((2, 8), (Interval(9).Lower, Interval(9).Upper));
        Assert.Equal((6, 15), (Interval(20).Lower, Interval(20).Upper));

        static Spread Interval(int count) => BuildComparison.Interval([.. Enumerable.Range(1, count).Select(static i => (double)i)]);
    }

    [Fact]
    public void Rounds_AreReadFromTheirFiles()
    {
        foreach (int round in (int[])[1, 2])
        {
            Save(round, "old-memfd", Runs.Of(Runs.Row("a", 100), Runs.Row("gone", 1)));
            Save(round, "old-files", Runs.Of(Runs.Row("b", 100)));
            Save(round, "new-memfd", Runs.Of(Runs.Row("a", 50)));
            Save(round, "new-files", Runs.Of(Runs.Row("b", 200)));
        }

        var builds = BuildComparison.Read(_folder);
        Assert.Equal([("b", 2), ("a", 0.5)], builds.Rows.Select(static row => (row.Key, row.Ratio.Median)));
        Assert.Equal(["gone"], builds.OnlyInOne);
    }

    [Fact]
    public void RoundsOfTwoProcessors_AreRefused()
    {
        RunResults run = Runs.Of(Runs.Row("a", 100));
        Save(1, "old-memfd", run);
        Save(1, "new-memfd", run with { Machine = run.Machine with { Processor = "another processor" } });
        string message = Assert.Throws<InvalidDataException>(() => BuildComparison.Read(_folder)).Message;
        Assert.Contains(
            "are of different processors (another processor; some processor): they are not compared.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void RoundWithoutABuild_IsRefused()
    {
        Save(1, "old-memfd", Runs.Of(Runs.Row("a", 100)));
        Assert.Throws<InvalidDataException>(() => BuildComparison.Read(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Save(int round, string name, RunResults run) => run.Save(Path.Combine(_folder, $"{round}-{name}.json"));

    private static BuildComparison Of(Func<int, double> old, Func<int, double> @new) => new(
        [.. Enumerable.Range(0, 6).Select(round =>
            ((IReadOnlyList<ResultRow>)[Row(old(round))], (IReadOnlyList<ResultRow>)[Row(@new(round))]))]);

    private static ResultRow Row(double time) => Runs.Row("a", time) with { Min = time };
}
