namespace LuoInterop.Shared.Interop;

/// <summary>Declares what Tmds.LibC lacks of processes' descriptors: <c>asm/unistd.h</c>, <c>linux/pidfd.h</c> and
/// <c>linux/magic.h</c>.</summary>
internal static class PidfdHeader
{
    // The numbers are the same on every architecture (asm-generic/unistd.h).
    public const int NR_pidfd_open = 434;
    public const int NR_pidfd_getfd = 438;

    // Since 6.9 any thread may be named; before, only the first of a process.
    public const uint PIDFD_THREAD = 0x80;

    // The file system whose inode numbers tell processes apart, since Linux 6.9.
    public const long PID_FS_MAGIC = 0x50494446;
}
