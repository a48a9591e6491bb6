using LuoInterop.Emulation;
using LuoInterop.Litmus;
using LuoInterop.VmTesting;

namespace LuoInterop.Hunt;

/// <summary>Makes a hunt whose judge is Linux in a VM.</summary>
public static class LinuxHunt
{
    /// <summary>Gets the kernel: what the environment variable KERNEL says, as in <c>7.2</c>, else 7.3.
    /// The emulated one is of the same series.</summary>
    public static string Series => Environment.GetEnvironmentVariable("KERNEL") is { Length: > 0 } series ? series : "7.3";

    /// <summary>Finds or builds the kernel, and makes the hunt.</summary>
    public static async Task<DifferenceHunt> CreateAsync(Action<string> log, CancellationToken cancellation)
    {
        var linux = new VmReplay
        {
            Kernel = await KernelBuild.GetAsync(Series, progress: log, cancellationToken: cancellation),
            Command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "LuoInterop.Hunt.dll")],
        };
        return new DifferenceHunt(linux.RunAsync, new EmulatedMachineOptions { Release = $"{Series}.0-emulated" }, log);
    }
}
