using LuoInterop.Contract;
using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Shows that the library guards the fault that panics the next kernel, with the unguarded calls as the control.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class EmptyBlockTests
{
    [Fact]
    public async Task FiftyOneSessionsAndADuplicate_Unguarded_PanicTheNextKernel()
    {
        VmResult result = await RunAsync(EmptyBlock.Unguarded);
        Assert.Equal(VmOutcome.VmLost, result.Outcome);
        Assert.Equal(VmLostReason.KernelPanic, result.Loss!.Reason);
        Assert.True(
            result.Loss.Message.Contains("The incoming tree failed to initialize properly", StringComparison.Ordinal), result.ToString());
    }

    [Fact]
    public async Task FiftyOneSessionsAndADuplicate_ThroughTheLibrary_AllArrive()
    {
        VmResult result = await RunAsync(EmptyBlock.Guarded);
        Assert.True(result.Outcome == VmOutcome.Passed, result.ToString());
    }

    [Fact]
    public async Task FiftyOneSessionsAndADuplicateOfAnotherProcess_RebootedThroughTheLibrary_AllArrive()
    {
        VmResult result = await RunAsync(EmptyBlock.GuardedReboot);
        Assert.True(result.Outcome == VmOutcome.Passed, result.ToString());
    }

    private static async Task<VmResult> RunAsync(string word) => await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = await ContractKernel.GetAsync(),
        Command = ["dotnet", typeof(Scenario).Assembly.Location, word],
        ExpectedKernels = 2,
    });
}
