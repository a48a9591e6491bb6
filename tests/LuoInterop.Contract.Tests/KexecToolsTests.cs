using LuoInterop.Contract;
using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Contract.Tests;

/// <summary>Shows on Linux that the jump is into what was checked, with kexec-tools as the other program.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class KexecToolsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(KexecTools.Noticed)]
    [InlineData(KexecTools.LetPass)]
    [InlineData(KexecTools.TwoInitrds)]
    public async Task LoadedImage_BetweenLoadAndJump(string variant)
    {
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = await ContractKernel.GetAsync(),
            Command = ["dotnet", typeof(Scenario).Assembly.Location, variant],
            ExpectedKernels = 2,
        });
        foreach (GuestEvent mark in result.Events)
        {
            output.WriteLine($"{mark.At.TotalSeconds,6:N1} s  kernel {mark.Stage}: {mark.Text}");
        }

        Assert.True(result.Outcome == VmOutcome.Passed, result.ToString());
    }
}
