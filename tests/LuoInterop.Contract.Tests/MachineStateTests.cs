using LuoInterop.Contract;
using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Contract.Tests;

/// <summary>Boots one VM whose processor has virtualization, and holds what each probe of a machine's state reported.</summary>
public sealed class MachineStateRun : IAsyncLifetime
{
    public VmResult Result { get; private set; } = null!;

    // KVM in the guest needs QEMU's translation, where the processor can be any; errnos are those of 7.3.
    public async Task InitializeAsync() => Result = await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = await KernelBuild.GetAsync(),
        Command = ["dotnet", typeof(Scenario).Assembly.Location, "probes", .. ProbeRun.OfMachineState.Select(static type => type.Name)],
        Accelerator = VmAccelerator.Tcg,
        CpuModel = "EPYC,+svm,+npt",
        KernelWarningsFail = true,
    });

    public Task DisposeAsync() => Task.CompletedTask;
}

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
