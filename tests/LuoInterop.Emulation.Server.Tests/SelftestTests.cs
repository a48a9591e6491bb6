using System.Text.RegularExpressions;
using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Runs the kernel's own tests of live update (<c>tools/testing/selftests/liveupdate</c>), built from the source that the VM
/// tests' kernel is built from, and not changed.</summary>
[Trait("Category", "Kernel")]
public sealed partial class SelftestTests
{
    private static readonly Lazy<KernelBuild> s_kernel = new(FindKernel);

    public static TheoryData<string, bool> KexecPrograms => Machines.InBothWays(
        "luo_kexec_simple", "luo_multi_session", "luo_stress_files", "luo_stress_sessions");

    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task Liveupdate_PassesInEveryCase(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);

        ProgramEnd end = await machine.RunAsync(Build("liveupdate"));

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

    /// <summary>Stage 1, the kernel's own do_kexec.sh, stage 2, as the kernel's documentation says. The kernel that is loaded is the
    /// image that was built from the same source.</summary>
    [Theory]
    [MemberData(nameof(KexecPrograms))]
    public async Task KexecProgram_Passes(string name, bool trapsEverything)
    {
        string program = Build(name);
        await using ProgramMachine machine = Machines.Make(trapsEverything);

        ProgramEnd first = await machine.RunAsync(program, "-s", "1");
        Assert.Equal((ProgramEndKind.Exited, 0), (first.Kind, first.ExitCode));
        Assert.Contains("You may now perform kexec reboot", first.Output, StringComparison.Ordinal);

        ProgramEnd jump = await machine.RunAsync(new ProgramStart("sh", Path.Combine(Selftests, "liveupdate", "do_kexec.sh"))
        {
            Environment = new Dictionary<string, string> { ["KERNEL"] = s_kernel.Value.ImagePath, ["INITRAMFS"] = "/none" },
            KeepOutput = true,
        });
        Assert.Equal("", jump.Error);
        Assert.Equal(ProgramEndKind.Kexec, jump.Kind);

        ProgramEnd second = await machine.RunAsync(program, "-s", "2");
        Assert.Equal((ProgramEndKind.Exited, 0), (second.Kind, second.ExitCode));
        Assert.Contains("TEST PASSED", second.Output, StringComparison.Ordinal);
        Assert.Equal(2, machine.Stage);
        await Machines.AssertNothingIsLeftAsync(machine);
    }

    /// <summary>Without a kexec the second stage says so: it is the programs that judge.</summary>
    [Fact]
    public async Task KexecProgram_WithoutAKexec_FindsNothing()
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything: false);

        ProgramEnd second = await machine.RunAsync(Build("luo_kexec_simple"), "-s", "2");

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("Stage mismatch", second.Output, StringComparison.Ordinal);
    }

    private static string Selftests => s_kernel.Value.SelftestsFolder
        ?? throw new InvalidOperationException($"{s_kernel.Value.Folder} lacks the selftests, and eng/kernel.sh could not add them.");

    private static string Build(string name)
    {
        string tests = Path.Combine(Selftests, "liveupdate"), target = CProgram.Target("selftest-" + name);
        return CProgram.Make(
            target, "gcc", "-O2", "-Wall", "-Wno-unused-function", "-isystem", Path.Combine(s_kernel.Value.HeadersFolder!, "include"),
            "-I", Path.Combine(tests, "lib", "include"), "-o", target, Path.Combine(tests, name + ".c"),
            Path.Combine(tests, "lib", "lu_utils.c"));
    }

    private static KernelBuild FindKernel()
    {
        (int code, string output, string error) = ChildProgram.RunProgram("bash", Path.Combine(Repository.Root, "eng", "kernel.sh"));
        Assert.True(code == 0, error);
        return KernelBuild.FromFolder(output.TrimEnd().Split('\n')[^1]);
    }

    [GeneratedRegex(@"^1\.\.(\d+)$", RegexOptions.Multiline)]
    private static partial Regex Plan();

    [GeneratedRegex(@"^(ok|not ok) .*$", RegexOptions.Multiline)]
    private static partial Regex Verdict();
}
