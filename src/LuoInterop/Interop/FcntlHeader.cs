namespace LuoInterop.Interop;

/// <summary>Declares <c>include/uapi/linux/fcntl.h</c> and <c>asm-generic/fcntl.h</c>: open flags, fcntl commands, seals.</summary>
internal static class FcntlHeader
{
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_ACCMODE = 3;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_TRUNC = 0x200;
    public const int O_APPEND = 0x400;
    public const int O_NONBLOCK = 0x800;
    public const int O_NOATIME = 0x40000;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;

    public static readonly PerArchitecture O_DIRECT = new(X64: 0x4000, Arm64: 0x10000);
    public static readonly PerArchitecture O_LARGEFILE = new(X64: 0x8000, Arm64: 0x20000);
    public static readonly PerArchitecture O_DIRECTORY = new(X64: 0x10000, Arm64: 0x4000);
    public static readonly PerArchitecture O_TMPFILE = new(X64: 0x410000, Arm64: 0x404000);

    public const int F_DUPFD = 0;
    public const int F_GETFD = 1;
    public const int F_SETFD = 2;
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int FD_CLOEXEC = 1;

    private const int F_LINUX_SPECIFIC_BASE = 1024;
    public const int F_DUPFD_CLOEXEC = F_LINUX_SPECIFIC_BASE + 6;
    public const int F_ADD_SEALS = F_LINUX_SPECIFIC_BASE + 9;
    public const int F_GET_SEALS = F_LINUX_SPECIFIC_BASE + 10;

    public const int F_SEAL_SEAL = 0x0001;
    public const int F_SEAL_SHRINK = 0x0002;
    public const int F_SEAL_GROW = 0x0004;
    public const int F_SEAL_WRITE = 0x0008;
    public const int F_SEAL_FUTURE_WRITE = 0x0010;
    public const int F_SEAL_EXEC = 0x0020;

    public const int AT_FDCWD = -100;
    public const int AT_EMPTY_PATH = 0x1000;
}
