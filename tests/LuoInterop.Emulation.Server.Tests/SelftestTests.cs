using System.Text.RegularExpressions;
using LuoInterop.Emulation.Server.Tests.Support;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Runs the kernel's own tests of live update (<c>tools/testing/selftests/liveupdate</c>), built from the source that the VM
/// tests' kernel is built from, and not changed.</summary>
[Trait("Category", "Kernel")]
public sealed partial class SelftestTests
{
    public static TheoryData<string, bool> KexecPrograms => Machines.InBothWays(Selftests.KexecPrograms);

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public Task Liveupdate_PassesInEveryCase(bool trapsEverything) => PassAsync(Selftests.Newest, trapsEverything);

    /// <summary>Those of Linux 7.2, on an emulated 7.2: 'make test-7.2' builds that kernel.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    [Trait("Category", "Kernel72")]
    public Task LiveupdateOf72_PassesInEveryCase(bool trapsEverything) => PassAsync(Selftests.Linux72, trapsEverything);

    /// <summary>Stage 1, the kernel's own do_kexec.sh, stage 2, as the kernel's documentation says. The kernel that is loaded is the
    /// image that was built from the same source.</summary>
    [Theory]
    [MemberData(nameof(KexecPrograms))]
    public Task KexecProgram_Passes(string name, bool trapsEverything) => PassAsync(Selftests.Newest, name, trapsEverything);

    [Theory]
    [MemberData(nameof(KexecPrograms))]
    [Trait("Category", "Kernel72")]
    public Task KexecProgramOf72_Passes(string name, bool trapsEverything) => PassAsync(Selftests.Linux72, name, trapsEverything);

    /// <summary>Without a kexec the second stage says so: it is the programs that judge.</summary>
    [Fact]
    public async Task KexecProgram_WithoutAKexec_FindsNothing()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);

        ProgramEnd second = await machine.RunAsync(Selftests.Newest.Build("luo_kexec_simple"), "-s", "2");

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("Stage mismatch", second.Output, StringComparison.Ordinal);
    }

    private static async Task PassAsync(Selftests tests, bool trapsEverything)
    {
        await using ProgramMachine machine = tests.Machine(trapsEverything);

        ProgramEnd end = await machine.RunAsync(tests.Build("liveupdate"));

        Assert.Equal((ProgramEndKind.Exited, 0), (end.Kind, end.ExitCode));
        Match plan = Plan().Match(end.Output);
        int planned = int.Parse(plan.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(planned >= 15, end.Output);
        string[] verdicts = [.. Verdict().Matches(end.Output).Select(static match => match.Value)];
        Assert.Equal(planned, verdicts.Length);
        Assert.All(verdicts, static verdict => Assert.StartsWith("ok ", verdict, StringComparison.Ordinal));
        Assert.DoesNotContain("SKIP", end.Output, StringComparison.Ordinal);
        Assert.Contains($"# Totals: pass:{planned} fail:0 xfail:0 xpass:0 skip:0 error:0", end.Output, StringComparison.Ordinal);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    private static async Task PassAsync(Selftests tests, string name, bool trapsEverything)
    {
        string program = tests.Build(name);
        await using ProgramMachine machine = tests.Machine(trapsEverything);

        ProgramEnd first = await machine.RunAsync(program, "-s", "1");
        Assert.Equal((ProgramEndKind.Exited, 0), (first.Kind, first.ExitCode));
        Assert.Contains("You may now perform kexec reboot", first.Output, StringComparison.Ordinal);

        await tests.KexecAsync(machine);

        ProgramEnd second = await machine.RunAsync(program, "-s", "2");
        Assert.Equal((ProgramEndKind.Exited, 0), (second.Kind, second.ExitCode));
        Assert.Contains("TEST PASSED", second.Output, StringComparison.Ordinal);
        Assert.Equal(2, machine.Stage);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    [GeneratedRegex(@"^1\.\.(\d+)$", RegexOptions.Multiline)]
    private static partial Regex Plan();

    [GeneratedRegex(@"^(ok|not ok) .*$", RegexOptions.Multiline)]
    private static partial Regex Verdict();
}
