using System.Runtime.InteropServices;

namespace LuoInterop.Litmus.Interop;

/// <summary>Imports the calls that make descriptors which no part of live update makes, and memory that may fault.</summary>
internal static unsafe partial class HostLibc
{
    private const string Library = "libc";

    public const int AF_UNIX = 1;
    public const int SOCK_STREAM = 1;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int pipe2(int* ends, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint syscall(nint number, nint flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int unlink(string path);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport(Library)]
    internal static partial uint geteuid();

    [LibraryImport(Library)]
    internal static partial uint getegid();

    /// <summary>Gives a call's result, or <c>-errno</c>.</summary>
    public static long Result(long result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();
}
