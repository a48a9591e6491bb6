namespace LuoInterop.Interop;

/// <summary>Declares of <c>include/uapi/linux/memfd.h</c> what Tmds.LibC lacks: flags of memfd_create(2).</summary>
internal static class MemfdHeader
{
    /// <summary>Makes the file not executable and seals it so (F_SEAL_EXEC). Since Linux 6.3.</summary>
    public const uint MFD_NOEXEC_SEAL = 0x0008;

    /// <summary>Makes the file executable, whatever vm.memfd_noexec=1 says. Since Linux 6.3.</summary>
    public const uint MFD_EXEC = 0x0010;

    public const int MFD_HUGE_SHIFT = 26;
    public const uint MFD_HUGE_MASK = 0x3f;
    public const uint MFD_HUGE_64KB = 16U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_512KB = 19U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_1MB = 20U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_2MB = 21U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_8MB = 23U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_16MB = 24U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_32MB = 25U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_256MB = 28U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_512MB = 29U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_1GB = 30U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_2GB = 31U << MFD_HUGE_SHIFT;
    public const uint MFD_HUGE_16GB = 34U << MFD_HUGE_SHIFT;
}
