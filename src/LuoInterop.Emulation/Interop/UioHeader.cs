using System.Runtime.InteropServices;
using Tmds.Linux;

namespace LuoInterop.Emulation.Interop;

/// <summary>Declares of <c>sys/uio.h</c> what Tmds.LibC lacks: reading and writing the memory of a process.</summary>
internal static unsafe partial class UioHeader
{
    // Tmds.LibC lacks it.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint process_vm_readv(
        int process, iovec* local, nuint localCount, iovec* remote, nuint remoteCount, nuint flags);

    // Tmds.LibC lacks it.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint process_vm_writev(
        int process, iovec* local, nuint localCount, iovec* remote, nuint remoteCount, nuint flags);
}
