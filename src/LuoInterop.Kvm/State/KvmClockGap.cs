namespace LuoInterop.Kvm;

/// <summary>Says what a guest's clock does about the time in which the guest stood still.</summary>
public enum KvmClockGap
{
    /// <summary>It goes on from the time that it is now: the guest sees that time has passed. For seconds, as of a live update.</summary>
    Advance,
    /// <summary>It goes on from where it stood: the guest sees no gap, and its time of day is late by it.</summary>
    Hide,
}
