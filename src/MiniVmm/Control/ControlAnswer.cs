namespace MiniVmm.Control;

/// <summary>Is the line that answers a request.</summary>
internal sealed record ControlAnswer
{
    /// <summary>Gets whether it was done.</summary>
    public required bool Ok { get; init; }

    /// <summary>Gets why it was refused, a sentence for people; null where it was done.</summary>
    public string? Error { get; init; }

    /// <summary>Gets the VM's status, for <see cref="ControlWord.Status"/>.</summary>
    public VmStatus? Status { get; init; }

    /// <summary>Gets the number of the process that has the guest now, for <see cref="ControlWord.Handoff"/>.</summary>
    public int? ProcessId { get; init; }

    /// <summary>Gets how long the guest stood still for a handoff, in nanoseconds by its own counter.</summary>
    public long? StoodStill { get; init; }

    /// <summary>Gets the answer to what was done.</summary>
    public static ControlAnswer Done { get; } = new() { Ok = true };

    /// <summary>Makes the answer to what was not.</summary>
    public static ControlAnswer Refused(string error) => new() { Ok = false, Error = error };
}
