namespace LuoInterop;

/// <summary>Names a long step of a live update.</summary>
public enum LiveUpdateStep
{
    /// <summary>Allocates the missing pages of a memfd.</summary>
    Populate = 0,
    /// <summary>Computes the checksum that goes to the next kernel.</summary>
    Checksum,
    /// <summary>Compares a retrieved memfd with its checksum.</summary>
    Verify,
}

/// <summary>Says how far a long step of a live update is.</summary>
/// <param name="Step">The step.</param>
/// <param name="Name">The name of the memfd.</param>
/// <param name="Done">How many bytes are done.</param>
/// <param name="Total">How many there are.</param>
public readonly record struct LiveUpdateProgress(LiveUpdateStep Step, string Name, long Done, long Total);
