namespace LuoInterop.Interop;

/// <summary>Declares of <c>include/uapi/linux/fcntl.h</c> and <c>asm-generic/fcntl.h</c> what is not taken from Tmds.LibC.</summary>
internal static class FcntlHeader
{
    // Tmds.LibC has 0, as the C library of a 64-bit machine has: a program sets nothing. The kernel itself sets it, and shows it.
    public static readonly PerArchitecture O_LARGEFILE = new(X64: 0x8000, Arm64: 0x20000);

    // Tmds.LibC has these as properties; here code chooses by them, which takes constants. A test holds both equal.
    public const int F_DUPFD = 0;
    public const int F_GETFD = 1;
    public const int F_SETFD = 2;
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const int F_ADD_SEALS = 1033;
    public const int F_GET_SEALS = 1034;
    public const int F_SEAL_SEAL = 0x0001;
    public const int F_SEAL_SHRINK = 0x0002;
    public const int F_SEAL_GROW = 0x0004;
    public const int F_SEAL_WRITE = 0x0008;

    // Tmds.LibC lacks it. Since Linux 5.1.
    public const int F_SEAL_FUTURE_WRITE = 0x0010;

    // Tmds.LibC lacks it. Since Linux 6.3.
    public const int F_SEAL_EXEC = 0x0020;

    // Tmds.LibC lacks it. Since Linux 6.10.
    public const int F_DUPFD_QUERY = 1027;
}
