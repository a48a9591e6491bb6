using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Imports the C library calls that the bindings need. Nothing here retries, throws or converts.</summary>
/// <remarks>
/// A call whose arguments need no conversion is bound as it is, and <see cref="Result(nint)"/>, asked at once, reads errno only where
/// the call failed: the runtime keeps errno on its own way back from a call, as generated code relies on too. Where a
/// string is converted and freed again, the generated code saves errno in between (SetLastError).
/// </remarks>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport(Library)]
    internal static partial int close(int fd);

    // ioctl, fcntl and syscall are variadic in C. On the System V x86-64 and AAPCS64 (Linux) conventions a
    // variadic call with integer arguments passes them in the same registers as a call with a prototype.
    [LibraryImport(Library)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport(Library)]
    internal static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport(Library)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport(Library)]
    internal static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport(Library)]
    internal static partial long lseek(int fd, long offset, int whence);

    [LibraryImport(Library)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(Library)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport(Library)]
    internal static partial nint pread(int fd, void* buffer, nuint count, long offset);

    [LibraryImport(Library)]
    internal static partial nint pwrite(int fd, void* buffer, nuint count, long offset);

    [LibraryImport(Library)]
    internal static partial int fchmod(int fd, uint mode);

    [LibraryImport(Library)]
    internal static partial int statx(int directory, byte* path, int flags, uint mask, Interop.statx* buffer);

    [LibraryImport(Library)]
    internal static partial int fstatfs(int fd, Interop.statfs* buffer);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint readlink(string path, byte* buffer, nuint size);

    [LibraryImport(Library)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library)]
    internal static partial int munmap(void* address, nuint length);

    [LibraryImport(Library)]
    internal static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport(Library, EntryPoint = "syscall")]
    internal static partial nint syscall_kexec_file_load(nint number, nint kernel, nint initrd, nuint commandLineLength, byte* commandLine, nuint flags);

    [LibraryImport(Library, EntryPoint = "syscall")]
    internal static partial nint syscall_reboot(nint number, nint magic1, nint magic2, nint command, void* argument);

    /// <summary>Gives the result of the call before, or <c>-errno</c>. Nothing may come between that could call the C library.</summary>
    internal static int Result(int result) => result >= 0 ? result : -Marshal.GetLastSystemError();

    /// <inheritdoc cref="Result(int)"/>
    internal static nint Result(nint result) => result >= 0 ? result : -Marshal.GetLastSystemError();
}
