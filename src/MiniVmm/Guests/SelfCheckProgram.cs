using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Is the guest that checks its own registers.</summary>
internal sealed class SelfCheckProgram : IGuestProgram
{
    /// <summary>The name.</summary>
    public const string Kind = "self-check";

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public IReadOnlyList<BootEntry> Load(GuestRam ram, int cpus) => SelfCheckGuest.Load(ram, cpus);

    /// <inheritdoc/>
    public bool WritesLines => false;

    /// <inheritdoc/>
    public bool IsSeen => true;

    /// <inheritdoc/>
    public GuestReport Look(GuestMachine machine, int updates)
    {
        SelfCheckReport[] reports = [.. Enumerable.Range(0, machine.Cpus).Select(cpu => SelfCheckGuest.Read(machine.Ram, cpu))];
        return new GuestReport(
            [.. reports.Select(static report => (long)report.Iterations)],
            reports.Select(report => report.RepeatedTimerInterrupts > updates
                ? $"{report.RepeatedTimerInterrupts} timer interrupts came once too often, in {updates} updates"
                : report.Fault).FirstOrDefault(static fault => fault is not null));
    }
}
