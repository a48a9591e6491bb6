using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Is Linux; what it does its initial root says, on the console.</summary>
internal sealed class LinuxProgram(Func<byte[]> kernel, Func<byte[]> initrd, string commandLine) : IGuestProgram
{
    /// <summary>The name.</summary>
    public const string Kind = "linux";

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public IReadOnlyList<BootEntry> Load(GuestRam ram, int cpus) => [LinuxBoot.Load(ram, kernel(), initrd(), commandLine, cpus)];

    // Writing lines, all vCPUs halted, faulting new memory in, and working in silence: modes of its init.
    private static readonly string[] s_orders = ["busy", "sleep", "fault", "quiet"];

    /// <inheritdoc/>
    public string Question => "status\n";

    /// <inheritdoc/>
    public string OrderBefore(int updates) => s_orders[updates % s_orders.Length] + "\n";

    /// <inheritdoc/>
    public bool WritesLines => true;

    /// <inheritdoc/>
    public bool IsSeen => false;

    /// <inheritdoc/>
    public GuestReport Look(GuestMachine machine, int updates) => new([], null);
}
