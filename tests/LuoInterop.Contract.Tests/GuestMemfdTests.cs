using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Contract.Tests;

public sealed class GuestMemfdRun() : VirtualizationRun(ProbeRun.WithVirtualization);

/// <summary>Shows on Linux 7.3 what guest_memfd does.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class GuestMemfdTests(GuestMemfdRun run, ITestOutputHelper output) : IClassFixture<GuestMemfdRun>
{
    public static TheoryData<string> Probes => [.. ProbeRun.WithVirtualization.SelectMany(ProbeRun.Names)];

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
