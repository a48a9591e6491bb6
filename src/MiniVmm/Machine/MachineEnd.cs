namespace MiniVmm.Machine;

/// <summary>Says how a guest ended.</summary>
/// <param name="IsFailure">Whether it could not go on; otherwise it reset itself, as its end.</param>
/// <param name="Reason">What happened, for people.</param>
internal sealed record MachineEnd(bool IsFailure, string Reason)
{
    public static MachineEnd Reset(string reason) => new(false, reason);

    public static MachineEnd Failed(string reason) => new(true, reason);
}
