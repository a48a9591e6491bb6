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
    /// <param name="log">Is told what happens.</param>
    /// <param name="byProcess">Whether the emulated kernel is used by a process of its own, whose calls are trapped.</param>
    /// <param name="cancellation">Ends a build.</param>
    public static async Task<DifferenceHunt> CreateAsync(Action<string> log, bool byProcess, CancellationToken cancellation)
    {
        var machine = new EmulatedMachineOptions { Release = $"{Series}.0-emulated" };
        var linux = new VmReplay
        {
            Kernel = await KernelBuild.GetAsync(Series, progress: log, cancellationToken: cancellation),
            Command = DifferenceHunt.Program,
        };
        return new DifferenceHunt(
            linux.RunAsync,
            byProcess ? DifferenceHunt.ByProcess(machine) : DifferenceHunt.Inside(machine),
            log);
    }
}
