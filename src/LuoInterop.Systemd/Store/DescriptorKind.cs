namespace LuoInterop.Systemd;

/// <summary>Says what a received descriptor is.</summary>
public enum DescriptorKind
{
    /// <summary>Something else: a socket, a pipe, a file.</summary>
    Other,

    /// <summary>A memfd, also one that a live update brought back.</summary>
    Memfd,

    /// <summary>A session of the Live Update Orchestrator.</summary>
    LiveUpdateSession,
}
