using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LuoInterop.VmTesting;
using MiniVmm.Tests.Vm;
using Xunit;
using Xunit.Abstractions;

namespace MiniVmm.Tests.Commands;

/// <summary>Shows on Linux 7.3 what the commands do with running VMs, through two live updates and several handoffs.</summary>
[Trait("Category", "Soak")]
[Collection(OneVmAtATime.Name)]
public sealed partial class CommandsTests(CommandsRun run, ITestOutputHelper output) : IClassFixture<CommandsRun>
{
    [Fact]
    public void Script_EndsInTheThirdKernel()
    {
        output.WriteLine(run.Result.ToString());
        output.WriteLine(run.Result.StandardError);
        run.Result.EnsurePassed();
        Assert.Equal([1, 2, 3], run.Result.Kernels.Select(static kernel => kernel.Stage));
    }

    [Fact]
    public void NumberedLines_AcrossUpdatesAndHandoffs_HaveNoGapAndNoRepeat()
    {
        // In the last kernel one process has both guests, and puts their names before their lines; a line may begin in one kernel and end
        // in the next.
        string console = OtherGuest().Replace(run.Result.StandardOutput.Replace("\r", "", StringComparison.Ordinal), "")
            .Replace("vm1 | ", "", StringComparison.Ordinal);
        int[] numbers = [.. Numbered().Matches(console)
            .Select(static match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];

        Assert.True(numbers.Length > 100, $"{numbers.Length} lines");
        Assert.Equal(Enumerable.Range(1, numbers.Length), numbers);
    }

    [Theory]
    [InlineData("1.pause", 0, "vm2 is paused")]
    [InlineData("1.unpause", 0, "vm2 runs")]
    [InlineData("1.same-name", 1, "a VM named vm2 runs already")]
    [InlineData("1.pause-again", 1, "the guest is paused. Let it run first: minivmm unpause --name vm2")]
    [InlineData("1.update-paused", 1, "vm2 is paused")]
    [InlineData("1.update-one", 1, "vm2 would be lost")]
    [InlineData("1.update-no-image", 1, "no kernel image is loaded. Load one. No update was made; the guests run on.")]
    [InlineData("1.update-bad-image", 1, "No update was made; the guests run on.")]
    [InlineData("1.handoff-1", 0, "vm1 goes on in process")]
    [InlineData("1.handoff-2", 0, "the guest stood still for")]
    [InlineData("1.handoff-refused", 1, "The guest runs on in this process.")]
    [InlineData("2.resume-again", 1, "a VM named vm1 runs already")]
    [InlineData("2.update-failed", 1, "vm2 waits to be resumed, and another update would lose its memory.")]
    [InlineData("2.retry-in-vain", 1, "open of the KVM device was refused")]
    [InlineData("2.retry", 0, "vm2 runs")]
    [InlineData("2.handoff", 0, "vm2 goes on in process")]
    [InlineData("3.stop", 0, "vm1 has ended")]
    [InlineData("3.stop-2", 0, "vm2 has ended")]
    public void Step_SaysWhatItDid(string step, int code, string text) => run.MustHaveSaid(step, code, text);

    [Theory]
    [InlineData("1.status-paused", "running", "paused", 0)]
    [InlineData("1.status-after-refusals", "running", "running", 0)]
    [InlineData("1.status-handed-over", "running", "running", 0)]
    [InlineData("2.status", "running", "running", 1)]
    [InlineData("3.status", "running", "running", 2)]
    public void Status_HasEveryGuestAsItIs(string step, string first, string second, int updates)
    {
        Dictionary<string, JsonElement> vms = run.Vms(step);
        Assert.Equal(["vm1", "vm2"], vms.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((first, 2, 96L << 20, updates), Of(vms["vm1"]));
        Assert.Equal((second, 1, 64L << 20, updates), Of(vms["vm2"]));
    }

    [Fact]
    public void FailedResume_HoldsTheMemory_AndSaysWhy()
    {
        JsonElement vm = run.Vms("2.status-failed")["vm2"];
        Assert.Equal("failed", vm.GetProperty("state").GetString());
        Assert.Contains("open of the KVM device was refused", vm.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("minivmm resume --name vm2 --retry", run.Result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public void Blackout_IsMeasured()
    {
        JsonElement handoff = run.Vms("1.status-handed-over")["vm1"].GetProperty("lastBlackout");
        Assert.Equal("handoff", handoff.GetProperty("kind").GetString());
        Assert.True(handoff.GetProperty("nanoseconds").GetInt64() > 0);
        JsonElement update = run.Vms("3.status")["vm1"].GetProperty("lastBlackout");
        Assert.Equal("update", update.GetProperty("kind").GetString());
        long parts = update.GetProperty("parts").EnumerateArray().Skip(1).Sum(static part => part.GetProperty("nanoseconds").GetInt64());
        Assert.Equal(update.GetProperty("nanoseconds").GetInt64(), parts);
    }

    [Fact]
    public void Descriptors_OverHandoffs_StayAsMany()
    {
        string[] counts = run.Result.Values.Single(static value => value.Name == "descriptors").Value.Split(' ');
        Assert.Equal(counts[0], counts[1]);
    }

    [Fact]
    public void End_HasItsExitCode_AndLeavesNothing()
    {
        Assert.Equal("0", run.Result.Values.Single(static value => value.Name == "host-exit").Value);
        Assert.Equal("143", run.Result.Values.Single(static value => value.Name == "signal-exit").Value);
        Assert.Equal(".lock\n", run["left"]);
    }

    private static (string? State, int Cpus, long Memory, int Updates) Of(JsonElement vm) => (
        vm.GetProperty("state").GetString(), vm.GetProperty("cpus").GetInt32(), vm.GetProperty("memory").GetInt64(),
        vm.GetProperty("updates").GetInt32());

    [GeneratedRegex(@"\bline (\d+)\n")]
    private static partial Regex Numbered();

    [GeneratedRegex(@"vm2 \| [^\n]*\n")]
    private static partial Regex OtherGuest();
}
