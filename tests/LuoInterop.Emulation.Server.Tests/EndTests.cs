using LuoInterop.Emulation.Server.Tests.Support;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Shows how machines and programs end: by reboot(2), from outside, cancelled.</summary>
public sealed class EndTests
{
    private const string Restart = "01234567";
    private const string PowerOff = "4321fedc";
    private const string Halt = "cdef0123";

    [Theory]
    [InlineData(Restart, ProgramEndKind.Restarted)]
    [InlineData(PowerOff, ProgramEndKind.PoweredOff)]
    [InlineData(Halt, ProgramEndKind.PoweredOff)]
    public async Task Reboot_EndsTheMachine_WithEmptyMemory(string command, ProgramEndKind kind)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);

        ProgramEnd end = await machine.RunAsync(CProgram.Build("end"), command);

        Assert.Equal("", end.Error);
        Assert.Equal((kind, 137), (end.Kind, end.ExitCode));
        Assert.NotEqual("", end.Text);
        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal(
            "retrieve lost: ENOENT\ncreate lost: 0\n", Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "lost")));
        Assert.Equal(2, machine.Stage);
    }

    [Fact]
    public async Task PowerCut_IsARestart()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        machine.Machine.Faults.CutPower(KernelCall.PreserveFd);

        ProgramEnd end = await machine.RunAsync(CProgram.Build("carry"));

        Assert.Equal((ProgramEndKind.Restarted, 137), (end.Kind, end.ExitCode));
        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal(
            "retrieve carry: ENOENT\ncreate carry: 0\n", Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "carry")));
    }

    /// <summary>All that a program has started ends with the kernel, also what has left its session and its process group.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task KexecFromOutside_EndsEveryProcess_AndKeepsWhatTheyPreserved(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        string carry = CProgram.Build("carry");
        ProgramEnd first = await machine.RunAsync(carry, "hold", "outside", "kept");
        Assert.Equal((ProgramEndKind.Exited, 0), (first.Kind, first.ExitCode));
        Assert.Equal(1, machine.OpenFiles);
        Assert.NotEmpty(Strays.Of(machine.KernelImagePath));
        Task<ProgramEnd> waiting = machine.RunAsync(Machines.Start("sh", "-c", "echo up; setsid sleep infinity & sleep infinity"));

        await machine.KexecAsync("kho=on liveupdate=on from_outside");

        ProgramEnd end = await waiting;
        Assert.Equal((ProgramEndKind.Kexec, 137), (end.Kind, end.ExitCode));
        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal("kept", Machines.Succeeded(await machine.RunAsync(carry, "take", "outside")));
        Assert.Contains("from_outside", Machines.Succeeded(await machine.RunAsync("cat", "/proc/cmdline")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_TheProgramAndAllThatItStartedEnd_AndTheKernelRunsOn()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        using var source = new CancellationTokenSource();
        string started = Path.Combine(Path.GetDirectoryName(machine.KernelImagePath)!, "started");
        Task<ProgramEnd> run = machine.RunAsync(
            Machines.Start(
                "sh", "-c", "setsid sleep infinity & \"$0\" hold cancelled text; touch \"$1\"; sleep infinity", CProgram.Build("carry"),
                started),
            source.Token);
        while (!File.Exists(started))
        {
            Assert.False(run.IsCompleted, "the program has ended by itself");
            await Task.Delay(5);
        }

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal(
            "retrieve cancelled: ENOENT\ncreate cancelled: 0\n",
            Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "cancelled")));
        Assert.Equal(1, machine.Stage);
    }

    [Fact]
    public async Task CancelledBeforeItRuns_NothingIsLeft()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        for (int i = 0; i < 20; i++)
        {
            // From before the start until the program runs.
            using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(i));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => machine.RunAsync(Machines.Start("sleep", "infinity"), source.Token));
            await Machines.AssertNothingIsLeftAsync(machine);
        }
    }

    /// <summary>One of two programs of a machine is cancelled, or has come to its end: the other one runs on.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EndOfOneProgram_LeavesTheOtherAlone(bool cancels)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        string folder = Path.GetDirectoryName(machine.KernelImagePath)!;
        string wait = "touch \"$0\"; until [ -e \"$1\" ]; do sleep 0.01; done; echo done";
        using var source = new CancellationTokenSource();
        Task<ProgramEnd> other = machine.FollowAsync("sh", "-c", wait, Path.Combine(folder, "a"), Path.Combine(folder, "end"));
        Task<ProgramEnd> one = machine.FollowAsync(
            Machines.Start("sh", "-c", wait, Path.Combine(folder, "b"), Path.Combine(folder, "one")), source.Token);
        while (!File.Exists(Path.Combine(folder, "a")) || !File.Exists(Path.Combine(folder, "b")))
        {
            await Task.Delay(5);
        }

        if (cancels)
        {
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        }
        else
        {
            File.WriteAllText(Path.Combine(folder, "one"), "");
            Assert.Equal("done\n", Machines.Succeeded(await one));
        }

        Assert.False(other.IsCompleted);
        File.WriteAllText(Path.Combine(folder, "end"), "");
        Assert.Equal("done\n", Machines.Succeeded(await other));
        await Machines.AssertNothingIsLeftAsync(machine);
    }
}
