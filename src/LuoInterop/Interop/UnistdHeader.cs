namespace LuoInterop.Interop;

/// <summary>Declares <c>asm/unistd.h</c>: numbers of the system calls that the C library has no function for.</summary>
/// <remarks>x86-64: <c>arch/x86/entry/syscalls/syscall_64.tbl</c>; arm64: <c>include/uapi/asm-generic/unistd.h</c>.</remarks>
internal static class UnistdHeader
{
    public const int NR_memfd_secret = 447;

    public static readonly PerArchitecture NR_kcmp = new(X64: 312, Arm64: 272);
    public static readonly PerArchitecture NR_kexec_file_load = new(X64: 320, Arm64: 294);
    public static readonly PerArchitecture NR_reboot = new(X64: 169, Arm64: 142);
}
