namespace LuoInterop.Systemd.Interop;

/// <summary>Declares of <c>asm/unistd.h</c> and <c>linux/magic.h</c> what Tmds.LibC lacks.</summary>
internal static class PidfdHeader
{
    // The number is the same on every architecture (asm-generic/unistd.h).
    public const int SYS_pidfd_open = 434;

    // The file system whose inode numbers tell processes apart, since Linux 6.9.
    public const long PID_FS_MAGIC = 0x50494446;
}
