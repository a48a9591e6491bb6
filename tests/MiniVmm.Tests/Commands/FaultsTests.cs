using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LuoInterop.VmTesting;
using MiniVmm.Tests.Vm;
using Xunit;
using Xunit.Abstractions;

namespace MiniVmm.Tests.Commands;

/// <summary>Is the script whose processes are killed and refused.</summary>
public sealed class FaultsRun() : ScriptRun("faults.sh");

/// <summary>Shows on Linux 7.3 what becomes of guests when processes are killed, the disk or the memory is full, and that neither 50
/// handoffs nor a refused update leave anything behind.</summary>
[Trait("Category", "Soak")]
[Collection(OneVmAtATime.Name)]
public sealed partial class FaultsTests(FaultsRun run, ITestOutputHelper output) : IClassFixture<FaultsRun>
{
    private const int Handoffs = 50;

    [Fact]
    public void Script_EndsInTheThirdKernel()
    {
        output.WriteLine(run.Result.ToString());
        output.WriteLine(run.Result.StandardError);
        run.Result.EnsurePassed();
        Assert.Equal([1, 2, 3], run.Result.Kernels.Select(static kernel => kernel.Stage));
    }

    [Theory]
    [InlineData("1.pause-after-kill", 1, "no VM named vm1 runs")]
    [InlineData("1.update-killed", 1, "vm1 has ended")]
    [InlineData("1.update-two-killed", 1, "vm2 has ended")]
    [InlineData("1.update-command-killed", 0, "killed")]
    [InlineData("1.full-no-lock", 1, "/tmp/full cannot be used: No space left on device")]
    [InlineData("1.full-no-socket", 1, "vm3.sock cannot be made")]
    [InlineData("1.full-json", 1, "No space left on device")]
    [InlineData("1.no-memory", 1, "memory")]
    [InlineData("2.handoff-held-refused", 1, "The guest's memory is held by this process as before.")]
    [InlineData("2.handoff-held", 0, "vm4 goes on in process")]
    [InlineData("2.resume-of-a-killed", 1, "the process that had taken it has ended, and its memory with it.")]
    [InlineData("3.stop", 0, "linux has ended")]
    public void Step_SaysWhatItDid(string step, int code, string text) => run.MustHaveSaid(step, code, text);

    [Fact]
    public void KilledProcess_LeavesASocket_WhichTheNextLookRemoves()
    {
        Assert.Contains("vm1.sock", run["1.left-by-kill"], StringComparison.Ordinal);
        Assert.Empty(run.Vms("1.list-after-kill"));
        Assert.Equal(".lock\n", run["1.left-on-full"]);
    }

    [Theory]
    [InlineData("1.status-again", 0)]
    [InlineData("1.status-survivor", 0)]
    [InlineData("1.status-after-no-memory", 0)]
    [InlineData("1.status-handed-over", 0)]
    [InlineData("2.status-anew", 0)]
    public void Guest_RunsAfterwards(string step, int updates)
    {
        (string name, JsonElement vm) = Assert.Single(run.Vms(step));
        Assert.Equal("vm1", name);
        Assert.Equal(("running", updates), (vm.GetProperty("state").GetString(), vm.GetProperty("updates").GetInt32()));
    }

    [Fact]
    public void HeldGuest_RunsInTheProgramThatCouldResumeIt()
    {
        (_, JsonElement vm) = Assert.Single(run.Vms("2.status-held"));
        Assert.Equal(("running", 1), (vm.GetProperty("state").GetString(), vm.GetProperty("updates").GetInt32()));
    }

    [Fact]
    public void Signal_StartedTheNextKernel_AndTheGuestWentOver() =>
        Assert.DoesNotContain("handed over no such guest", run.Result.StandardError, StringComparison.Ordinal);

    [Fact]
    public void Handoffs_LeaveNothing()
    {
        long[] counts =
        [
            .. run.Result.Values.Single(static value => value.Name == "handoffs").Value.Split(' ')
                .Select(static word => long.Parse(word, CultureInfo.InvariantCulture)),
        ];
        output.WriteLine(string.Join(' ', counts));
        (long[] before, long[] after) = (counts[..5], counts[5..]);
        Assert.Equal(before[0], after[0]);
        Assert.Equal(before[1], after[1]);
        Assert.InRange(after[2], 0, before[2] + 4);

        // Each process is a new one: what grows with the handoffs would be state that is carried. In KiB.
        Assert.InRange(after[3], 0, before[3] + (4 << 10));
        Assert.InRange(before[4] - after[4], long.MinValue, Handoffs << 10);
    }

    [Fact]
    public void HiddenGap_IsNotInTheGuestsClock_AndInItsCounter()
    {
        Match gap = Assert.Single<Match>(Blackout().Matches(run.Result.StandardOutput));
        double byCounter = double.Parse(gap.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        double byClock = double.Parse(gap.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        Assert.True(byCounter > 1000 && byClock < byCounter / 4, gap.Value);
    }

    [GeneratedRegex(@"blackout (\d+) ms by tsc, (\d+) ms by clock")]
    private static partial Regex Blackout();
}
