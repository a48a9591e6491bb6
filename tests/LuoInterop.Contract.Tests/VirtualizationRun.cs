using LuoInterop.Contract;
using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Boots one VM whose processor has virtualization, and holds what each probe of some classes reported.</summary>
public abstract class VirtualizationRun(IReadOnlyList<Type> probes) : IAsyncLifetime
{
    public VmResult Result { get; private set; } = null!;

    // KVM in the guest needs QEMU's translation, where the processor can be any; errnos are those of 7.3.
    public async Task InitializeAsync() => Result = await VirtualMachine.RunAsync(new VmOptions
    {
        Kernel = await KernelBuild.GetAsync(),
        Command = ["dotnet", typeof(Scenario).Assembly.Location, "probes", .. probes.Select(static type => type.Name)],
        Accelerator = VmAccelerator.Tcg,
        CpuModel = "EPYC,+svm,+npt",

        // With two translated processors QEMU mixes up guest and host once in some tens of kernels (docs/vmm-checklist.md).
        Cpus = 1,
        KernelWarningsFail = true,
    });

    public Task DisposeAsync() => Task.CompletedTask;
}
