using System.Text;
using System.Text.RegularExpressions;
using LuoInterop.Emulation.Server.Tests.Support;
using LuoInterop.VmTesting;
using Xunit.Abstractions;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Runs the kernel's own tests of live update on Linux in the VM and on the emulated kernel of the same release, through five
/// kernels each: every line that they print is the same. 'make test-7.2' runs these.</summary>
[Trait("Category", "Kernel72")]
public sealed partial class SelftestOutputTests(ITestOutputHelper output)
{
    [Fact]
    public Task Selftests_SayWhatTheySayOnLinux() => CompareAsync(Selftests.Newest);

    [Fact]
    public Task SelftestsOf72_SayWhatTheySayOnLinux72() => CompareAsync(Selftests.Linux72);

    private async Task CompareAsync(Selftests tests)
    {
        string[] linux = await OnLinuxAsync(tests);
        string[] emulated = await OnTheEmulatedKernelAsync(tests);

        output.WriteLine($"{"Linux " + tests.Kernel.Release + " in the VM",-90} | emulated kernel");
        for (int i = 0; i < Math.Max(linux.Length, emulated.Length); i++)
        {
            output.WriteLine($"{linux.ElementAtOrDefault(i),-90} | {emulated.ElementAtOrDefault(i)}");
        }

        Assert.Equal(Selftests.KexecPrograms.Count, linux.Count(static line => line.Contains("TEST PASSED", StringComparison.Ordinal)));
        Assert.Equal(linux, emulated);
    }

    /// <summary>Runs all in the first kernel of a VM, and a program's stages before and after each kexec.</summary>
    private static async Task<string[]> OnLinuxAsync(Selftests tests)
    {
        var script = new StringBuilder("exec 2>&1\nstage=$(luo-guest stage)\n");
        script.Append(null, $"[ $stage = 1 ] && {{ {tests.Build("liveupdate")} || exit 1; }}\n");
        int stage = 1;
        foreach (string program in Selftests.KexecPrograms.Select(tests.Build))
        {
            script.Append(null, $"[ $stage = {stage} ] && {{ {program} -s 1 && luo-guest kexec; exit 1; }}\n");
            script.Append(null, $"[ $stage = {++stage} ] && {{ {program} -s 2 || exit 1; }}\n");
        }

        script.Append("exit 0\n");
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = tests.Kernel,
            Command = ["/bin/sh", "-c", script.ToString()],
            ShownFolders = [Path.GetDirectoryName(tests.Build("liveupdate"))!],
            WorkingFolder = "/",
            Accelerator = VmAccelerator.Tcg,
            MemoryMiB = 1024,
            ExpectedKernels = stage,
        });
        result.EnsurePassed();
        return Lines(result.StandardOutput);
    }

    private static async Task<string[]> OnTheEmulatedKernelAsync(Selftests tests)
    {
        await using ProgramMachine machine = tests.Machine(trapsEverything: false);
        var said = new StringBuilder();
        await RunAsync("liveupdate");
        foreach (string program in Selftests.KexecPrograms)
        {
            await RunAsync(program, "-s", "1");
            await tests.KexecAsync(machine);
            await RunAsync(program, "-s", "2");
        }

        return Lines(said.ToString());

        async Task RunAsync(string program, params string[] words)
        {
            ProgramEnd end = await machine.RunAsync([tests.Build(program), .. words]);
            Assert.Equal((program, 0, ""), (program, end.ExitCode, end.Error));
            said.Append(end.Output);
        }
    }

    /// <summary>Gives the lines of an output; a process' number is another one each time.</summary>
    private static string[] Lines(string output) => ProcessId().Replace(output, "Child PID: N").TrimEnd().Split('\n');

    [GeneratedRegex(@"Child PID: \d+")]
    private static partial Regex ProcessId();
}
