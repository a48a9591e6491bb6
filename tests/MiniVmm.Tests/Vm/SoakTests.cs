using System.Globalization;
using System.Text.RegularExpressions;
using LuoInterop.VmTesting;
using MiniVmm.Guests;
using Xunit;

namespace MiniVmm.Tests.Vm;

/// <summary>Runs all guests through live update after live update, on Linux and its KVM.</summary>
public sealed class SoakRun : IAsyncLifetime
{
    /// <summary>The live updates, one after the other, at random moments.</summary>
    public const int Updates = 20;

    public VmResult Result { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        using var program = new NativeMiniVmm();
        Result = await program.RunAsync(Updates, memoryMiB: 96, LinuxProgram.Kind, PatternProgram.Kind, SelfCheckProgram.Kind);
    }

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Shows that no guest notices a live update but by the time that has passed.</summary>
[Trait("Category", "VM")]
public sealed partial class SoakTests(SoakRun run) : IClassFixture<SoakRun>
{
    private IEnumerable<string> GuestLines => run.Result.StandardOutput.Split('\n')
        .Where(static line => line.StartsWith("linux | ", StringComparison.Ordinal)).Select(static line => line["linux | ".Length..]);

    [Fact]
    public void EveryGuest_GoesThroughAllUpdates() => run.Result.EnsurePassed();

    [Fact]
    public void NumberedLines_HaveNoGapAndNoRepeat()
    {
        run.Result.EnsurePassed();
        int[] numbers = [.. GuestLines.Select(static line => Numbered().Match(line)).Where(static match => match.Success)
            .Select(static match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];
        Assert.True(numbers.Length > SoakRun.Updates, $"{numbers.Length} lines");
        Assert.Equal(Enumerable.Range(numbers[0], numbers.Length), numbers);
    }

    [Fact]
    public void Linux_FindsNothingWrong()
    {
        run.Result.EnsurePassed();
        string[] status = [.. GuestLines.Where(static line => line.StartsWith("status ", StringComparison.Ordinal))];
        Assert.NotEmpty(status);
        Assert.All(status, static line => Assert.Contains(" mono_back=0 ", line, StringComparison.Ordinal));
        Assert.All(status, static line => Assert.Contains(" errors=0", line, StringComparison.Ordinal));
        Assert.DoesNotContain(GuestLines, static line => Trouble().IsMatch(line));
    }

    [GeneratedRegex(@"^line (\d+)")]
    private static partial Regex Numbered();

    [GeneratedRegex("soft lockup|rcu.*stall|[Uu]nstable|clocksource.*skew|hung task|BUG|Oops")]
    private static partial Regex Trouble();
}
