using LuoInterop.Tests.Shared;
using LuoInterop.VmBenchmarks;
using Xunit;

namespace LuoInterop.Benchmarks.Tests;

using PhaseCurve = LuoInterop.VmBenchmarks.PhaseCurve;
using Spread = LuoInterop.VmBenchmarks.Spread;

/// <summary>Tests what the VM benchmark makes of its numbers, and the words that it takes.</summary>
public sealed class VmAnalysisTests
{
    [Fact]
    public void Spread_HasMedianQuartilesAndEnds()
    {
        Assert.Equal(new Spread(3, 2, 4, 1, 5, 5), Spread.Of([5, 3, 1, 2, 4]));
        Assert.Equal(new Spread(2.5, 1.75, 3.25, 1, 4, 4), Spread.Of([4, 3, 2, 1]));
        Assert.Equal(new Spread(7, 7, 7, 7, 7, 1), Spread.Of([7]));
        Assert.Throws<ArgumentException>(static () => Spread.Of([]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0.5)]
    public void PowerFit_OfAPower_IsItsExponent(double exponent)
    {
        PowerFit fit = PowerFit.Of(((double[])[1, 20, 200, 2000]).Select(x => (x, 3 * Math.Pow(x, exponent))))!.Value;
        Assert.Equal(exponent, fit.Exponent, 9);
        Assert.Equal(exponent, fit.LastExponent, 9);
        Assert.True(exponent == 0 || fit.RSquared > 0.999999);
    }

    [Fact]
    public void PowerFit_OfAConstantAndASquare_TendsToTwoAtTheEnd()
    {
        PowerFit fit = PowerFit.Of(((double[])[1, 10, 100, 1000]).Select(static x => (x, 1000 + (x * x))))!.Value;
        Assert.InRange(fit.Exponent, 0.5, 1.5);
        Assert.InRange(fit.LastExponent, 1.9, 2);
    }

    [Fact]
    public void PowerFit_OfFewerThanTwoPositivePoints_IsNone()
    {
        Assert.Null(PowerFit.Of([]));
        Assert.Null(PowerFit.Of([(1, 1)]));
        Assert.Null(PowerFit.Of([(1, 1), (2, -1)]));
        Assert.Null(PowerFit.Of([(1, 1), (1, 2)]));
    }

    [Fact]
    public void Curve_PhaseOfEveryKexec_IsFittedOverNothing()
    {
        UpdateResult[] updates =
        [
            Update(default, 10), Update(default, 11),
            Update(new UpdateSize(4096, false, 1, 1), 10.5), Update(new UpdateSize(4096, false, 20, 1), 14),
            Update(new UpdateSize(4096, false, 200, 1), 50),
        ];
        PhaseCurve sessions = Assert.Single(PhaseCurve.Of(updates), static curve => curve.Name == "sessions");
        Assert.Equal([1, 20, 200], sessions.Points.Select(static point => point.X));
        PowerFit fit = sessions.Fit(Phase.Freeze)!.Value;
        Assert.Equal(1, fit.Exponent, 9);
        Assert.Null(sessions.Fit(Phase.Boot));
    }

    [Fact]
    public void WorkList_ReadsWhatItWrote()
    {
        const string List = "calls:8:60,update:0:4k:0:0,update:4294967296:huge:1:1,disk:67108864";
        Assert.Equal(List, WorkList.Format(WorkList.Parse(List)));
        Assert.Throws<FormatException>(static () => WorkList.Parse("calls:1:1,unknown:2"));
    }

    [Fact]
    public void ConsoleClock_TakesWholeLinesOnly()
    {
        var clock = new ConsoleClock();
        foreach (string line in (string[])
            [
                "[   16.583315] luo-bench-jump 1 34799086674", "[   16.611815] kexec_core: Starting new kernel",
                "[    0.000000] Linux version 7.3.4",
                "[   10.000000] luo-bench-jump 2 3479x", "[   11.000000] kexec_core: Starting new kernel",
                "[   12.500000] luo-bench-jump 3 99", "random: crng init done", "[   13.250000] kexec_core: Starting new kernel",
            ])
        {
            clock.See(line);
        }

        Assert.Equal([1, 3], clock.Departures.Keys);
        Assert.Equal(34799086674ul, clock.Departures[1].Cycles);
        Assert.Equal(0.0285, clock.Departures[1].FreezeSeconds, 9);
        Assert.Equal(0.75, clock.Departures[3].FreezeSeconds, 9);
    }

    [Theory]
    [InlineData("--fast")]
    [InlineData("--only", "everything")]
    [InlineData("--repeats")]
    [InlineData("--repeats", "0")]
    [InlineData("--memory", "1")]
    public void WrongWords_AreAnsweredWithTheUsage(params string[] words)
    {
        (int code, string output, string error) = ChildProgram.RunBeside("luo-bench-vm.dll", words);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("usage: luo-bench-vm", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_IsPrinted()
    {
        (int code, string output, string error) = ChildProgram.RunBeside("luo-bench-vm.dll", "--help");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("usage: luo-bench-vm", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("no JSON")]
    public void FileOfSomethingElse_IsRefusedByName(string content)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, content);
            (int code, string output, string error) = ChildProgram.RunBeside("luo-bench-vm.dll", "--again", file);
            Assert.Equal((1, ""), (code, output));
            Assert.StartsWith($"luo-bench-vm: {file} is no result of luo-bench-vm: ", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static UpdateResult Update(UpdateSize size, double freeze) => new(
        size, Enum.GetValues<Phase>().ToDictionary(static phase => phase, phase => phase == Phase.Freeze ? freeze : 1), 0, 0, 0);
}
