using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Is the guest that counts in its pages.</summary>
internal sealed class PatternProgram : IGuestProgram
{
    /// <summary>The name.</summary>
    public const string Kind = "pattern";

    /// <inheritdoc/>
    public string Name => Kind;

    /// <inheritdoc/>
    public IReadOnlyList<BootEntry> Load(GuestRam ram, int cpus) => PatternGuest.Load(ram, cpus, marksPasses: true);

    /// <inheritdoc/>
    public bool WritesLines => false;

    /// <inheritdoc/>
    public bool IsSeen => true;

    /// <inheritdoc/>
    public GuestReport Look(GuestMachine machine, int updates)
    {
        PatternResult[] results = PatternCheck.CheckAll(machine.Ram, machine.Cpus);
        return new GuestReport(
            [.. results.Select(static result => result.Position)],
            Enumerable.Range(0, machine.Cpus).Select(cpu => PatternGuest.FaultOf(machine.Ram, cpu) ?? results[cpu].Fault)
                .FirstOrDefault(static fault => fault is not null));
    }
}
