using MiniVmm.Boot;
using MiniVmm.Machine;
using MiniVmm.Memory;

namespace MiniVmm.Guests;

/// <summary>Is what a guest runs, and how the host sees that nothing of it was lost.</summary>
internal interface IGuestProgram
{
    /// <summary>Gets its name, which is in the guest's state too.</summary>
    string Name { get; }

    /// <summary>Gets whether what it writes to the console is lines for people.</summary>
    bool WritesLines { get; }

    /// <summary>Gets what is typed on its console before an update at a random moment, so that updates meet it at different work; null
    /// for nothing.</summary>
    /// <param name="updates">How many updates it has gone through.</param>
    string? OrderBefore(int updates) => null;

    /// <summary>Gets what is typed on its console so that it answers with a line; null for a guest that is seen.</summary>
    string? Question => null;

    /// <summary>Puts it into fresh RAM.</summary>
    /// <returns>Where vCPUs begin; those without an entry wait for their startup interrupt.</returns>
    IReadOnlyList<BootEntry> Load(GuestRam ram, int cpus);

    /// <summary>Gets whether the host can see in its memory how far it is; otherwise it says so itself, on the console.</summary>
    bool IsSeen { get; }

    /// <summary>Looks at a guest that stands still.</summary>
    /// <param name="machine">The guest.</param>
    /// <param name="updates">How often it has been restored.</param>
    /// <returns>How far each vCPU is, in numbers that change as it goes on, and what is wrong; nothing where it is not seen.</returns>
    GuestReport Look(GuestMachine machine, int updates);
}

/// <summary>Is what the host sees of a guest.</summary>
/// <param name="Progress">How far each vCPU is.</param>
/// <param name="Fault">What is wrong, a sentence for people; null when nothing is.</param>
internal sealed record GuestReport(IReadOnlyList<long> Progress, string? Fault);
