namespace LuoInterop.Emulation;

/// <summary>Names the operations of a file handler that can fail (<c>struct liveupdate_file_ops</c>, include/linux/liveupdate.h).</summary>
public enum FileOperation
{
    /// <summary>Saves a file's state at PRESERVE_FD, which then returns the handler's error with all undone.</summary>
    Preserve,
    /// <summary>Brings the saved state up to date at the kexec; reboot(2) returns the handler's error with all undone,
    /// and can be retried.</summary>
    Freeze,
    /// <summary>Makes the file at RETRIEVE_FD. The error is kept:
    /// every further attempt for the token gets it (luo_retrieve_file).</summary>
    Retrieve,
}
