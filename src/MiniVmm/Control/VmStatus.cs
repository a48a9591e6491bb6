namespace MiniVmm.Control;

/// <summary>Is what a VM says of itself. Field by field it is an element of <c>minivmm status --json</c>.</summary>
internal sealed record VmStatus
{
    /// <summary>Gets the VM's name.</summary>
    public required string Name { get; init; }

    /// <summary>Gets running, paused, stopping (in an update or a handoff), failed or ended.</summary>
    public required string State { get; init; }

    /// <summary>Gets why it failed or how it ended; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>Gets the number of vCPUs; 0 where the guest is not resumed yet.</summary>
    public required int Cpus { get; init; }

    /// <summary>Gets the RAM in bytes; 0 where the guest is not resumed yet.</summary>
    public required long Memory { get; init; }

    /// <summary>Gets how many live updates the guest has gone through.</summary>
    public required int Updates { get; init; }

    /// <summary>Gets the last time that the guest stood still for an update or a handoff; null where there was none in this
    /// process.</summary>
    public BlackoutStatus? LastBlackout { get; init; }

    /// <summary>Gets the process that runs the VM.</summary>
    public required int Pid { get; init; }

    /// <summary>Gets where the console is: terminal, socket or none.</summary>
    public required string Console { get; init; }
}

/// <summary>Says how long a guest stood still.</summary>
/// <param name="Kind">update or handoff.</param>
/// <param name="Nanoseconds">By the guest's own counter.</param>
/// <param name="Parts">What the time went to; empty for a handoff. The first part of an update is before the blackout.</param>
internal sealed record BlackoutStatus(string Kind, long Nanoseconds, IReadOnlyList<BlackoutPartStatus> Parts);

/// <summary>Is a part of a blackout.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Nanoseconds">How long it took.</param>
/// <param name="Own">Whether it is this program that takes the time, and not the kernel.</param>
internal sealed record BlackoutPartStatus(string Name, long Nanoseconds, bool Own);
