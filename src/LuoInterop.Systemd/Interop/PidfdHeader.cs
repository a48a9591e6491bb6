namespace LuoInterop.Systemd.Interop;

/// <summary>Declares of <c>asm/unistd.h</c>, <c>linux/magic.h</c> and <c>linux/fcntl.h</c> what Tmds.LibC lacks.</summary>
internal static class PidfdHeader
{
    // The number is the same on every architecture (asm-generic/unistd.h).
    public const int SYS_pidfd_open = 434;

    // The file system whose inode numbers tell processes apart, since Linux 6.9.
    public const long PID_FS_MAGIC = 0x50494446;

    // Says whether two descriptors are of one open file, since Linux 6.10 (F_LINUX_SPECIFIC_BASE + 3).
    public const int F_DUPFD_QUERY = 1027;
}
