using LuoInterop.VmTesting;

namespace LuoInterop.Contract.Tests;

/// <summary>Gives the kernel that the contract is shown on: 7.3, or the series that the environment variable KERNEL names.</summary>
internal static class ContractKernel
{
    public static Task<KernelBuild> GetAsync() =>
        KernelBuild.GetAsync(Environment.GetEnvironmentVariable("KERNEL") is { Length: > 0 } series ? series : "7.3");
}
