using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Names the seals of a memfd (<c>F_SEAL_</c> in <c>include/uapi/linux/fcntl.h</c>).</summary>
[Flags]
public enum MemfdSeals
{
    /// <summary>No seal.</summary>
    None = 0,
    /// <summary>Forbids further seals.</summary>
    Seal = FcntlHeader.F_SEAL_SEAL,
    /// <summary>Forbids to make the file smaller.</summary>
    Shrink = FcntlHeader.F_SEAL_SHRINK,
    /// <summary>Forbids to make the file larger.</summary>
    Grow = FcntlHeader.F_SEAL_GROW,
    /// <summary>Forbids to write.</summary>
    Write = FcntlHeader.F_SEAL_WRITE,
    /// <summary>Forbids to write but through mappings that exist already. Since Linux 5.1.</summary>
    FutureWrite = FcntlHeader.F_SEAL_FUTURE_WRITE,
    /// <summary>Forbids to change the execute bits. Since Linux 6.3. Linux 7.1 to 7.3 give such a file back read-only.</summary>
    Exec = FcntlHeader.F_SEAL_EXEC,
}
