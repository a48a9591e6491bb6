using LuoInterop.Contract;
using LuoInterop.Contract.Probes;
using LuoInterop.Emulation.Kho;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Boots one VM for a class of probes, and holds what each reported.</summary>
public abstract class LinuxProbeRun(Type boot, bool liveUpdate = true, bool? kho = null) : IAsyncLifetime
{
    public VmResult Result { get; private set; } = null!;

    public async Task InitializeAsync() => Result = await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = await ContractKernel.GetAsync(),
        Command = ["dotnet", typeof(Scenario).Assembly.Location, "probes", boot.Name],
        ExpectedKernels = ProbeRun.Kernels(boot),
        LiveUpdate = liveUpdate,
        KexecHandover = kho,
    });

    public Task DisposeAsync() => Task.CompletedTask;
}

public sealed class DefaultBootRun() : LinuxProbeRun(typeof(DefaultBoot));

public sealed class InterruptionsRun() : LinuxProbeRun(typeof(Interruptions));

public sealed class WithoutLiveUpdateRun() : LinuxProbeRun(typeof(WithoutLiveUpdate), liveUpdate: false);

public sealed class WithoutKhoRun() : LinuxProbeRun(typeof(WithoutKho), kho: false);

/// <summary>Shows what only a real kernel can show.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class DefaultBootTests(DefaultBootRun run) : IClassFixture<DefaultBootRun>
{
    public static TheoryData<string> Probes => [.. ProbeRun.Names(typeof(DefaultBoot))];

    [Theory]
    [MemberData(nameof(Probes))]
    public void Probe_Holds(string name) => run.Result.HasPassed(name);
}

/// <summary>Shows what calls do in a thread that gets signals.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class InterruptionsTests(InterruptionsRun run) : IClassFixture<InterruptionsRun>
{
    public static TheoryData<string> Probes => [.. ProbeRun.Names(typeof(Interruptions))];

    [Theory]
    [MemberData(nameof(Probes))]
    public void Probe_Holds(string name) => run.Result.HasPassed(name);
}

/// <summary>Shows what the library says on a kernel without LUO.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class WithoutLiveUpdateTests(WithoutLiveUpdateRun run) : IClassFixture<WithoutLiveUpdateRun>
{
    public static TheoryData<string> Probes => [.. ProbeRun.Names(typeof(WithoutLiveUpdate))];

    [Theory]
    [MemberData(nameof(Probes))]
    public void Probe_Holds(string name) => run.Result.HasPassed(name);
}

/// <summary>Shows what the library says on a kernel without KHO.</summary>
[Trait("Category", "VM")]
[Collection(OneVmAtATime.Name)]
public sealed class WithoutKhoTests(WithoutKhoRun run) : IClassFixture<WithoutKhoRun>
{
    public static TheoryData<string> Probes => [.. ProbeRun.Names(typeof(WithoutKho))];

    [Theory]
    [MemberData(nameof(Probes))]
    public void Probe_Holds(string name) => run.Result.HasPassed(name);
}
