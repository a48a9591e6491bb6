namespace LuoInterop.Emulation.Server;

/// <summary>Lists what programs that come to the emulated kernel by trapped calls see otherwise than on Linux, beyond what the kernel
/// itself does otherwise.</summary>
/// <remarks>The table of docs/programs.md is made from it; a test shows each row.</remarks>
internal static class ProgramDifferences
{
    private const string Untrapped = "the call is too frequent to trap; with everything trapped it is as on Linux";

    /// <summary>Gets the rows.</summary>
    public static IReadOnlyList<EmulatedDifference> All { get; } =
    [
        new(
            "program-write-past-the-end", "write(2) past the end of a preserved memfd",
            "is done; reboot(KEXEC) ends the machine with a message",
            "EPERM",
            Untrapped),
        new(
            "program-status-of-a-session", "fstat(2) of the device and of sessions",
            "shows a socket",
            "a character device, and an anonymous inode of mode 0600",
            Untrapped),
        new(
            "program-device-node", "stat(2) of /dev/liveupdate",
            "shows the number and mode of /dev/null",
            "those of the device",
            "nobody but root can make a node; with everything trapped it is as on Linux"),
        new(
            "program-late-open", "open(2) of the device with O_RDONLY",
            "succeeds while the device is in use; the first ioctl is EBUSY",
            "EBUSY",
            Untrapped),
        new(
            "program-debugfs-then", "KHO's debugfs",
            "shows what was there at the boot, or when an image was loaded last",
            "shows what is there now",
            "reading is not trapped; with everything trapped it is as on Linux"),
        new(
            "program-write-to-a-session", "write(2) to the device and to sessions",
            "ENOTCONN",
            "EINVAL",
            Untrapped),
        new(
            "program-other-ioctl", "an ioctl of another type on the device or a session",
            "ENOTTY",
            "EINVAL",
            Untrapped),
        new(
            "program-mmap-of-a-session", "mmap(2) of the device by a descriptor that may not read or write",
            "ENODEV",
            "EACCES",
            Untrapped),
        new(
            "program-path-descriptors",
            "fsync(2), poll(2) and others that are never trapped, of a file of live update opened with O_PATH while everything is trapped",
            "as of a socket",
            "EBADF",
            "no descriptor with O_PATH can be given to a process; with files mounted it has its own, and it is as on Linux"),
        new(
            "program-kexec-load", "kexec_load(2)",
            "ENOSYS",
            "loads a kernel that is told nothing of what is preserved",
            "segments are not looked into"),
        new(
            "program-realpath", "readlink(2) with a buffer of 1023 bytes",
            "gives the host's text of a session's link",
            "gives the session's name",
            "realpath(3) of glibc asks so hundreds of times in a compile; with everything trapped it is as on Linux"),
        new(
            "program-seccomp-listener", "seccomp(2) with SECCOMP_FILTER_FLAG_NEW_LISTENER",
            "EBUSY",
            "gives a descriptor",
            "a process can have one listener, and the emulated kernel has it"),
        new(
            "program-seccomp-mode", "PR_GET_SECCOMP; SECCOMP_MODE_STRICT",
            "2; EINVAL",
            "0; is done",
            "a process that has a filter stays in that mode"),
    ];
}
