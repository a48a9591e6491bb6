using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Declares <c>asm/unistd.h</c>, numbers of the system calls that the C library has no function for, and of
/// <c>unistd.h</c> what Tmds.LibC lacks.</summary>
/// <remarks>x86-64: <c>arch/x86/entry/syscalls/syscall_64.tbl</c>; arm64: <c>include/uapi/asm-generic/unistd.h</c>.</remarks>
internal static partial class UnistdHeader
{
    // Tmds.LibC lacks it.
    public const int NR_memfd_secret = 447;

    // Tmds.LibC lacks it.
    public static readonly PerArchitecture NR_kcmp = new(X64: 312, Arm64: 272);

    // Tmds.LibC lacks it.
    public static readonly PerArchitecture NR_kexec_file_load = new(X64: 320, Arm64: 294);

    // Tmds.LibC lacks it.
    public static readonly PerArchitecture NR_reboot = new(X64: 169, Arm64: 142);

    // Tmds.LibC lacks it. It has no error.
    [LibraryImport(CLibrary.Name)]
    internal static partial int gettid();
}
