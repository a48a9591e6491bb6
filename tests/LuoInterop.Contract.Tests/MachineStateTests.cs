using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Contract.Tests;

public sealed class MachineStateRun() : VirtualizationRun(ProbeRun.OfMachineState);

/// <summary>Shows on Linux 7.3 what it takes to save a machine and to put it into another one.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class MachineStateTests(MachineStateRun run, ITestOutputHelper output) : IClassFixture<MachineStateRun>
{
    public static TheoryData<string> Probes => [.. ProbeRun.OfMachineState.SelectMany(ProbeRun.Names)];

    [Theory]
    [MemberData(nameof(Probes))]
    public void Probe_Holds(string name) => run.Result.HasPassed(name);

    [Fact]
    public void Run_SawNoWarningOfTheKernel()
    {
        output.WriteLine(run.Result.ToString());
        Assert.Equal(VmOutcome.Passed, run.Result.Outcome);
    }
}
