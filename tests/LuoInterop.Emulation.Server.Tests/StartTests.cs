using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Shows how programs are started, and what is said where they cannot be.</summary>
public sealed class StartTests
{
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task Program_HasItsArguments_Environment_Folder_AndExitCode(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        var start = new ProgramStart("sh", "-c", "pwd; echo \"$1 $GREETING\"; cat \"$LUO_KERNEL\" | wc -c >&2; exit 42", "sh", "a  b")
        {
            WorkingFolder = "/usr/share",
            Environment = new Dictionary<string, string> { ["GREETING"] = "hello" },
            KeepOutput = true,
        };

        ProgramEnd end = await machine.RunAsync(start);

        Assert.Equal((ProgramEndKind.Exited, 42), (end.Kind, end.ExitCode));
        Assert.Equal("/usr/share\na  b hello\n", end.Output);
        Assert.Equal($"{new FileInfo(machine.KernelImagePath).Length}\n", end.Error);
    }

    [Fact]
    public async Task ProgramThatIsNotFound_Is127_AsAShellTellsIt()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        ProgramEnd end = await machine.RunAsync("luo-no-such-program");
        Assert.Equal((ProgramEndKind.Exited, 127), (end.Kind, end.ExitCode));
        Assert.Equal("luo: luo-no-such-program: No such file or directory\n", end.Error);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    [Fact]
    public async Task ProgramThatIsNotExecutable_Is126()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        ProgramEnd end = await machine.RunAsync(CProgram.Source("carry.c"));
        Assert.Equal((ProgramEndKind.Exited, 126), (end.Kind, end.ExitCode));
        Assert.Equal($"luo: {CProgram.Source("carry.c")}: Permission denied\n", end.Error);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    [Theory]
    [InlineData("TERM", 128 + 15)]
    [InlineData("KILL", 128 + 9)]
    [InlineData("SEGV", 128 + 11)]
    public async Task ProgramThatASignalEnds_IsToldAsAShellTellsIt(string signal, int code)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        ProgramEnd end = await machine.RunAsync("sh", "-c", $"kill -{signal} $$");
        Assert.Equal((ProgramEndKind.Exited, code), (end.Kind, end.ExitCode));
    }

    /// <summary>Who started the program knows its front alone: what is sent there is meant for the program.</summary>
    [Theory]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("USR1")]
    [InlineData("USR2")]
    public async Task SignalToTheFront_ReachesTheProgram(string signal)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        string started = Path.Combine(Path.GetDirectoryName(machine.KernelImagePath)!, "started");

        // A shell sets no trap for what was ignored before it, as HUP is beneath nohup.
        Task<ProgramEnd> run = machine.RunAsync(
            "env", $"--default-signal={signal}", "sh", "-c",
            $"trap 'echo {signal}; exit 7' {signal}; touch \"$0\"; while :; do sleep 0.01; done", started);
        while (!File.Exists(started))
        {
            Assert.False(run.IsCompleted, "the program has ended by itself");
            await Task.Delay(5);
        }

        Assert.Equal(0, ChildProgram.RunProgram("sh", "-c", $"kill -{signal} {Strays.Front(machine.KernelImagePath)}").Code);
        ProgramEnd end = await run;

        Assert.Equal((ProgramEndKind.Exited, 7), (end.Kind, end.ExitCode));
        Assert.Equal(signal + "\n", end.Output);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    /// <summary>A process that is being started has every descriptor of this one until it execs, also what another program is just
    /// given.</summary>
    [Fact]
    public async Task ProgramsThatAreStarted_HoldNothingOfTheOthers()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);
        Task<ProgramEnd> run = machine.RunAsync(CProgram.Build("again"));
        do
        {
            Machines.Succeeded(await machine.RunAsync("true"));
        }
        while (!run.IsCompleted);

        Machines.Succeeded(await run);
    }

    /// <summary>A machine inside a machine: seccomp(2) gives a process one listener.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task ProgramUnderAnotherListener_IsRefusedInWords(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        string folder = Directory.CreateTempSubdirectory("luo-nested-").FullName;
        try
        {
            ProgramEnd end = await machine.RunAsync(
                "dotnet", Path.Combine(AppContext.BaseDirectory, "LuoInterop.ProgramHost.dll"), folder, "--", "true");

            Assert.Equal((ProgramEndKind.Exited, 125), (end.Kind, end.ExitCode));
            Assert.Contains("cannot be watched: this process has a seccomp listener already", end.Error, StringComparison.Ordinal);
            await Machines.AssertNothingIsLeftAsync(machine);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
