using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Emulation;

/// <summary>Holds the callbacks of a file handler (<c>struct liveupdate_file_ops</c>, include/linux/liveupdate.h,
/// since Linux 6.19).</summary>
/// <remarks>
/// <see cref="CanPreserve"/>, <see cref="Preserve"/>, <see cref="Unpreserve"/>, <see cref="Retrieve"/> and <see cref="Finish"/> are
/// required: without one <see cref="ModuleContext.RegisterFileHandler"/> answers EINVAL. The callbacks run with the emulated
/// kernel's lock held, never two at once. What returns an int returns 0 or <c>-errno</c>. An exception passes through the call
/// of the program that led to it, as an oops would, and leaves the session's state undefined.
/// </remarks>
public sealed class LiveUpdateFileOperations
{
    /// <summary>Gets what tells whether the handler takes a file. The first handler that says so, in the order of registration,
    /// gets it.</summary>
    public Func<LiveUpdateFileHandler, SafeFileHandle, bool>? CanPreserve { get; init; }

    /// <summary>Gets what saves the file's state; its error is PRESERVE_FD's.</summary>
    public Func<LiveUpdateFileArguments, int>? Preserve { get; init; }

    /// <summary>Gets what drops the saved state when the session is closed before a kexec.</summary>
    public Action<LiveUpdateFileArguments>? Unpreserve { get; init; }

    /// <summary>Gets what brings the saved state up to date right before the kexec; its error is reboot(2)'s,
    /// and undoes all. Optional.</summary>
    public Func<LiveUpdateFileArguments, int>? Freeze { get; init; }

    /// <summary>Gets what undoes a freeze, when another file's failed. Optional.</summary>
    public Action<LiveUpdateFileArguments>? Unfreeze { get; init; }

    /// <summary>Gets what makes the file in the next kernel; its error is RETRIEVE_FD's, now and for ever.</summary>
    public Func<LiveUpdateFileArguments, int>? Retrieve { get; init; }

    /// <summary>Gets what tells whether the session can be finished; false makes FINISH EBUSY, with nothing done. Optional.</summary>
    public Func<LiveUpdateFileArguments, bool>? CanFinish { get; init; }

    /// <summary>Gets what drops the rest of the saved state, whether the file was retrieved or not.</summary>
    public Action<LiveUpdateFileArguments>? Finish { get; init; }

    /// <summary>Gets what names the thing that no two preserved files may share. Optional:
    /// without it that is the open file description.</summary>
    /// <remarks>One name is one name for all handlers, as on Linux, where it is an address.</remarks>
    public Func<SafeFileHandle, ulong>? GetId { get; init; }
}
