using LuoInterop.Emulation.Server.Tests.Support;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Runs programs that look closely at what they get: each says on standard error where that is not as on Linux.</summary>
public sealed class DescriptorTests
{
    private const string Release = "7.3.4-emulated";
    private const string NextRelease = "7.2.6-emulated";

    /// <summary>A hundred processes, ten sessions: each lives until the last of its descriptors is gone, wherever that is.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task Sessions_LiveUntilTheirLastDescriptorGoes_AmongAHundredProcesses(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        Assert.Equal("held by the last\n", Machines.Succeeded(await machine.RunAsync(CProgram.Build("share"))));
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public Task EightThreads_MakeSessionsAtOnce(bool trapsEverything) => AssertIsMetAsync("threads", trapsEverything);

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public Task PreservedFile_IsFrozen(bool trapsEverything) => AssertIsMetAsync("frozen", trapsEverything);

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task WritePastTheEndOfAPreservedFile_IsReportedAtTheKexec(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);

        var error = await Assert.ThrowsAsync<ProgramMachineException>(() => machine.FollowAsync(CProgram.Build("past")));

        Assert.Contains("Session \"past the end\", token 5", error.Message, StringComparison.Ordinal);
        Assert.Contains("its size is 12 bytes, it was 8", error.Message, StringComparison.Ordinal);
        await Machines.AssertNothingIsLeftAsync(machine);

        // The machine is off: the next run begins with empty memory.
        Assert.Equal(
            "retrieve past the end: ENOENT\ncreate past the end: 0\n",
            Machines.Succeeded(await machine.RunAsync(CProgram.Build("names"), "past the end")));
    }

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task LimitOfOpenFiles_IsTheProgramsOwn(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        Machines.Succeeded(await machine.FollowAsync(CProgram.Build("limits")));
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public Task DeviceThatWasOpenedForReading_TakesIoctls(bool trapsEverything) => AssertIsMetAsync("readonly", trapsEverything);

    /// <summary>docs/live-update.md names the mistake.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public Task ProcessThatIsStarted_HasEveryDescriptorUntilItExecs(bool trapsEverything) => AssertIsMetAsync("starting", trapsEverything);

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public Task DescriptorsWithOPath_AreRefusedEverywhere(bool trapsEverything) => AssertIsMetAsync("places", trapsEverything);

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task Links_FileSystems_AndTheKernelsFiles_AreThoseOfLinux(bool trapsEverything)
    {
        await using var machine = new ProgramMachine(new ProgramMachineOptions
        {
            TrapsEverything = trapsEverything,
            Machine = new EmulatedMachineOptions { Release = Release },
            NextRelease = NextRelease,
        });
        string[] words = [CProgram.Build("status"), Release, NextRelease, .. trapsEverything ? ["everything"] : Array.Empty<string>()];

        Machines.Succeeded(await machine.FollowAsync(words));

        Assert.Equal(2, machine.Stage);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    private static async Task AssertIsMetAsync(string program, bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        Machines.Succeeded(await machine.RunAsync(CProgram.Build(program)));
        await Machines.AssertNothingIsLeftAsync(machine);
    }
}
