namespace LuoInterop.VmTesting;

/// <summary>Names how one test of a payload ended; the numbers are the protocol's.</summary>
public enum GuestOutcome
{
    /// <summary>The test held.</summary>
    Passed = 1,

    /// <summary>The test did not hold: the whole run has failed.</summary>
    Failed = 2,

    /// <summary>The test could not be tried.</summary>
    Skipped = 3,
}
