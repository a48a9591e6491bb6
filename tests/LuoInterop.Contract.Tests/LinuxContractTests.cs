using LuoInterop.Contract;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Contract.Tests;

/// <summary>Runs every scenario on Linux in one VM, and holds what each reported.</summary>
public sealed class LinuxContractRun : IAsyncLifetime
{
    public VmResult Result { get; private set; } = null!;

    public async Task InitializeAsync() => Result = await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = await ContractKernel.GetAsync(),
        Command = ["dotnet", typeof(Scenario).Assembly.Location, "contract"],
        ExpectedKernels = Scenario.All.Max(static scenario => scenario.Bodies.Count),
        MemoryMiB = 4096,
    });

    public Task DisposeAsync() => Task.CompletedTask;
}

/// <summary>Shows each rule of the contract on Linux.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class LinuxContractTests(LinuxContractRun run, ITestOutputHelper output) : IClassFixture<LinuxContractRun>
{
    public static TheoryData<string> Scenarios => [.. Scenario.All.Select(static scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Scenario_Holds(string name) => run.Result.HasPassed(name);

    /// <summary>Puts the course of the run among the test's output, where it tells what a slow run did with its time.</summary>
    [Fact]
    public void Run_SawEveryKernel_AndEndedByItself()
    {
        output.WriteLine(run.Result.ToString());
        foreach (GuestEvent mark in run.Result.Events)
        {
            output.WriteLine($"{mark.At.TotalSeconds,6:N1} s  kernel {mark.Stage}: {mark.Text}");
        }

        Assert.NotEqual(VmOutcome.VmLost, run.Result.Outcome);
        Assert.Equal(0, run.Result.ExitStatus);
        Assert.Equal(3, run.Result.Kernels.Count);
    }
}
