using LuoInterop.Contract;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.ContractTests;

/// <summary>Runs every scenario on Linux 7.3 in one VM, and holds what each reported.</summary>
public sealed class LinuxContractRun : IAsyncLifetime
{
    public VmResult Result { get; private set; } = null!;

    public async Task InitializeAsync() => Result = await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = await KernelBuild.GetAsync(),
        Command = ["dotnet", typeof(Scenario).Assembly.Location, "contract"],
        ExpectedKernels = Scenario.All.Max(static scenario => scenario.Bodies.Count),
        MemoryMiB = 4096,
    });

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Shows each rule of the contract on Linux.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class LinuxContractTests(LinuxContractRun run) : IClassFixture<LinuxContractRun>
{
    public static TheoryData<string> Scenarios => [.. Scenario.All.Select(static scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Scenario_Holds(string name)
    {
        GuestReport? report = run.Result.Reports.SingleOrDefault(report => report.Test == name);
        Assert.True(report is not null, $"The VM ended without a word of this scenario. {run.Result}");
        Assert.True(report.Outcome == GuestOutcome.Passed, report.Message);
    }

    [Fact]
    public void Run_SawEveryKernel_AndEndedByItself()
    {
        Assert.NotEqual(VmOutcome.VmLost, run.Result.Outcome);
        Assert.Equal(0, run.Result.ExitStatus);
        Assert.Equal(3, run.Result.Kernels.Count);
    }
}
