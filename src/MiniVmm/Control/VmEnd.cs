namespace MiniVmm.Control;

/// <summary>Says how a VM has left this process.</summary>
/// <param name="IsFailure">Whether its guest was lost, or could not go on.</param>
/// <param name="Reason">What happened, for people.</param>
internal sealed record VmEnd(bool IsFailure, string Reason);
