using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Shows that a program carries its memory through two kexecs, whatever language it is written in.</summary>
public sealed class LanguageTests
{
    private const string Carried = "kernel 1, kernel 2, kernel 3";

    public static TheoryData<string, bool> Languages => Machines.InBothWays("C", "static C", "Python", "shell");

    public static TheoryData<string, bool> Compiled => Machines.InBothWays("Go", "Rust");

    [Theory]
    [MemberData(nameof(Languages))]
    public Task Program_CarriesItsMemory_ThroughTwoKexecs(string language, bool trapsEverything) => CarryAsync(language, trapsEverything);

    /// <summary>Their compilers are large: 'make test-languages' installs them.</summary>
    [Theory]
    [MemberData(nameof(Compiled))]
    [Trait("Category", "Languages")]
    public Task CompiledProgram_CarriesItsMemory_ThroughTwoKexecs(string language, bool trapsEverything) =>
        CarryAsync(language, trapsEverything);

    /// <summary>Built as its author would publish it: a native executable of the library.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    [Trait("Category", "Package")]
    public Task NativelyCompiledDotnet_CarriesItsMemory_ThroughTwoKexecs(bool trapsEverything) => CarryAsync(".NET", trapsEverything);

    /// <summary>All speak the same protocol: what one preserves the next one retrieves, in another kernel.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task ProgramsOfThreeLanguages_HandTheMemoryOn(bool trapsEverything)
    {
        const string Relay =
            "case $(cat /proc/cmdline) in *luo_stage=3*) exec \"$3\";; *luo_stage=2*) exec python3 \"$2\";; *) exec \"$1\";; esac";
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        ProgramEnd end = await machine.FollowAsync(
            "sh", "-c", Relay, "sh", CProgram.Build("carry"), CProgram.Source("carry.py"), CProgram.BuildStatic("carry"));
        Assert.EndsWith(Carried + "\n", Machines.Succeeded(end), StringComparison.Ordinal);
    }

    private static async Task CarryAsync(string language, bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);
        ProgramEnd end = await machine.FollowAsync(Command(language));

        Assert.Equal("", end.Error);
        Assert.Equal(Carried, end.Output.TrimEnd().Split('\n')[^1]);
        Assert.Equal((ProgramEndKind.Exited, 0), (end.Kind, end.ExitCode));
        Assert.Equal(3, machine.Stage);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    private static string[] Command(string language) => language switch
    {
        "C" => [CProgram.Build("carry")],
        "static C" => [CProgram.BuildStatic("carry")],
        "Python" => ["python3", CProgram.Source("carry.py")],
        "shell" => ["sh", CProgram.Source("carry.sh"), CProgram.Build("carry")],
        "Go" => [BuildGo()],
        "Rust" => [BuildRust(CProgram.Target("carry-rust"))],
        ".NET" => [NativePrograms.Carry],
        _ => throw new ArgumentOutOfRangeException(nameof(language), language, null),
    };

    // Without cgo: no C library, every call by the program itself.
    private static string BuildGo() => CProgram.Make(
        CProgram.Target("carry-go"), "env", "CGO_ENABLED=0", "GO111MODULE=off", "GOCACHE=" + CProgram.Target("go-cache"), "go", "build",
        "-o", CProgram.Target("carry-go"), CProgram.Source("carry.go"));

    private static string BuildRust(string target) => CProgram.Make(target, "rustc", "-O", "-o", target, CProgram.Source("carry.rs"));
}
