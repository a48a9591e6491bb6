using LuoInterop.Emulation.Server.Tests.Support;

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
