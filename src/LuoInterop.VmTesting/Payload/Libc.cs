using System.Runtime.InteropServices;
using LuoInterop.VmTesting.Interop;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.VmTesting.Payload;

/// <summary>Declares the C library's calls under their own names.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(SafeFileHandle fd, byte* to, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(SafeFileHandle fd, byte* from, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e);
}
