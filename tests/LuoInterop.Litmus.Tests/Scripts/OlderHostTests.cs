using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Litmus.Tests.Scripts;

/// <summary>Shows that the emulated kernel does on a host with Linux 6.1, which has no execution seals and maps no sealed file shared,
/// what it does on any other.</summary>
[Trait("Category", "VM")]
[Trait("Category", "Kernel61")]
public sealed class OlderHostTests(ITestOutputHelper output)
{
    [Fact]
    public async Task EveryScript_OnTheEmulatedKernel_OnLinux61_Holds()
    {
        KernelBuild host = await KernelBuild.GetAsync("6.1", Path.Combine(Repository.Root, "tests", "kernels", "host-6.1.config"));
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = host,
            Command = ["dotnet", Path.Combine(
                AppContext.BaseDirectory, "luoctl.dll"), "replay", Path.Combine(Repository.Root, "tests", "litmus"), "--expect"],
            LiveUpdate = false,

            // Before 6.5 memfd_secret(2), of which a script preserves a file, is off unless switched on.
            KernelCommandLine = ["secretmem.enable=y"],
            MemoryMiB = 4096,
            TimeLimit = TimeSpan.FromHours(1),
            KernelTimeLimit = TimeSpan.FromHours(1),
        });
        output.WriteLine(result.ToString());
        Assert.StartsWith("6.1.", Assert.Single(result.Kernels).Release, StringComparison.Ordinal);
        Assert.True(result.Outcome == VmOutcome.Passed, $"{result}\n{result.StandardOutput}\n{result.StandardError}");
    }
}
