namespace MiniVmm.Guests;

/// <summary>Holds what a vCPU of a <see cref="SelfCheckGuest"/> says of itself.</summary>
/// <param name="Iterations">How often it has found all as it should be.</param>
/// <param name="TimerInterrupts">How many interrupts of its local APIC's timer came.</param>
/// <param name="UndefinedInstructions">How many #UD came.</param>
/// <param name="UsesAvx">Whether the upper halves of YMM0 to YMM15 are checked too.</param>
/// <param name="Error">What was wrong, a code of <see cref="SelfCheckError"/>; 0 where nothing was.</param>
/// <param name="Found">What was found then.</param>
/// <param name="Expected">What was expected.</param>
/// <param name="RepeatedTimerInterrupts">How many of the timer's interrupts came once more than the guest armed it: at most one for each
/// time that it was restored.</param>
internal readonly record struct SelfCheckReport(
    ulong Iterations, ulong TimerInterrupts, ulong UndefinedInstructions, bool UsesAvx, ulong Error, ulong Found, ulong Expected,
    long RepeatedTimerInterrupts)
{
    /// <summary>Gets a sentence for people that says what was wrong, or null.</summary>
    public string? Fault => Error == 0
        ? null
        : $"{SelfCheckError.Name(Error)} in iteration {Iterations + 1}: 0x{Found:x} instead of 0x{Expected:x}";
}
