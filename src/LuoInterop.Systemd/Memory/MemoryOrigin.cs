namespace LuoInterop.Systemd;

/// <summary>Says where a memory comes from.</summary>
public enum MemoryOrigin
{
    /// <summary>It was made at this start, and is zero.</summary>
    New,

    /// <summary>The service was stopped and started.</summary>
    Restart,

    /// <summary>The process before ended without closing the memory: killed, crashed, or out of time at its stop.</summary>
    Crash,

    /// <summary>The kernel was replaced: the machine's boot id is another one.</summary>
    LiveUpdate,
}
