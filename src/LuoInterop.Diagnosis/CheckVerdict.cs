namespace LuoInterop.Diagnosis;

/// <summary>Says what a check found.</summary>
public enum CheckVerdict
{
    /// <summary>It is as it should be.</summary>
    Ok,
    /// <summary>It works, but something may go wrong or cost more than it need.</summary>
    Warn,
    /// <summary>Live update cannot work, or would lose what is preserved.</summary>
    Fail,
    /// <summary>It matters, and cannot be known from what the machine shows.</summary>
    Unknown,
    /// <summary>It does not apply here; the evidence says why.</summary>
    NotLookedAt,
}

/// <summary>Says whether a machine is ready for a live update.</summary>
public enum Readiness
{
    /// <summary>Nothing is in the way.</summary>
    Ready,
    /// <summary>Something is in the way.</summary>
    NotReady,
    /// <summary>Nothing is known to be in the way, and something that matters cannot be known.</summary>
    Unknown,
}
