using System.Globalization;
using System.Text.RegularExpressions;
using LuoInterop.VmTesting;
using MiniVmm.Guests;
using Xunit;

namespace MiniVmm.Tests.Vm;

/// <summary>Is two live updates of Linux.</summary>
public sealed class ShortRun() : SoakRun(2, LinuxProgram.Kind);

/// <summary>Shows that Linux goes through live updates; <see cref="SoakTests"/> and <see cref="LinuxSoakTests"/> go on for longer, and
/// with more guests.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class UpdateTests(ShortRun run) : IClassFixture<ShortRun>
{
    [Fact]
    public void Linux_GoesThroughTwoUpdates()
    {
        run.Result.EnsurePassed();
        Assert.Contains("PASSED: 2 live updates", run.Result.StandardOutput, StringComparison.Ordinal);
        int[] lines = LinuxLines.Numbers(run.Result);
        Assert.Equal(Enumerable.Range(1, lines.Length), lines);
        Assert.DoesNotContain(LinuxLines.Of(run.Result), static line => line.StartsWith("complaint ", StringComparison.Ordinal));
    }
}

/// <summary>Is 50 live updates in a row of the guests that check themselves.</summary>
public sealed class MachineCodeSoakRun() : SoakRun(50, PatternProgram.Kind, SelfCheckProgram.Kind);

/// <summary>Is 20 live updates in a row of Linux, at random moments and in the midst of four kinds of work.</summary>
public sealed class LinuxSoakRun() : SoakRun(20, LinuxProgram.Kind);

/// <summary>Shows that memory, registers, timers and exceptions go through every live update.</summary>
[Trait("Category", "Soak")]
[Collection(OneVmAtATime.Name)]
public sealed class SoakTests(MachineCodeSoakRun run) : IClassFixture<MachineCodeSoakRun>
{
    [Fact]
    public void EveryGuest_GoesThroughAllUpdates()
    {
        run.Result.EnsurePassed();
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"PASSED: {run.Updates} live updates"), run.Result.StandardOutput,
            StringComparison.Ordinal);
    }
}

/// <summary>Shows that Linux notices nothing of a live update but the time that has passed.</summary>
[Trait("Category", "Soak")]
[Collection(OneVmAtATime.Name)]
public sealed partial class LinuxSoakTests(LinuxSoakRun run) : IClassFixture<LinuxSoakRun>
{
    private IEnumerable<string> Lines => LinuxLines.Of(run.Result);

    [Fact]
    public void Guest_GoesThroughAllUpdates() => run.Result.EnsurePassed();

    [Fact]
    public void NumberedLines_HaveNoGapAndNoRepeat()
    {
        run.Result.EnsurePassed();
        int[] numbers = LinuxLines.Numbers(run.Result);
        Assert.True(numbers.Length > run.Updates, $"{numbers.Length} lines");
        Assert.Equal(Enumerable.Range(1, numbers.Length), numbers);
    }

    [Fact]
    public void Clocks_NeverRunBack_AndAgreeOnTheTime()
    {
        run.Result.EnsurePassed();
        string[] status = [.. Lines.Where(static line => line.StartsWith("status ", StringComparison.Ordinal))];
        Assert.NotEmpty(status);
        Assert.All(status, static line => Assert.Contains(" mono_back=0 tsc_back=0 ", line, StringComparison.Ordinal));
        Assert.All(status, static line => Assert.Contains(" errors=0", line, StringComparison.Ordinal));
        Match[] blackouts = [.. Lines.Select(static line => Blackout().Match(line)).Where(static match => match.Success)];
        Assert.InRange(blackouts.Length, run.Updates, int.MaxValue);
        Assert.All(blackouts, static match =>
        {
            double byCounter = double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            double byClock = double.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
            Assert.InRange(byClock / byCounter, 0.95, 1.05);
        });
    }

    [Fact]
    public void Kernel_ComplainsOfNothing()
    {
        run.Result.EnsurePassed();
        Assert.DoesNotContain(Lines, static line => line.StartsWith("complaint ", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^blackout (\d+) ms by tsc, (\d+) ms by clock")]
    private static partial Regex Blackout();
}
