using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Interop;

/// <summary>Imports the host's calls that the emulated kernel makes for itself, on plain descriptor numbers.</summary>
/// <remarks>Numbers instead of SafeHandle: PRESERVE_FD and RETRIEVE_FD carry them so, and no call allocates.</remarks>
internal static unsafe partial class HostLibc
{
    private const string Library = "libc";

    public const int F_DUPFD_CLOEXEC = FcntlHeader.F_DUPFD_CLOEXEC;
    public const int F_GETFL = FcntlHeader.F_GETFL;

    // include/uapi/linux/fcntl.h, asm-generic/fcntl.h: leases.
    public const int F_SETLEASE = 1024;
    public const int F_GETLEASE = 1025;
    public const int F_RDLCK = 0;
    public const int F_WRLCK = 1;
    public const int F_UNLCK = 2;

    // asm-generic/fcntl.h and asm-generic/signal.h: whom and how an open file description signals.
    public const int F_SETSIG = 10;
    public const int F_GETSIG = 11;
    public const int F_SETOWN_EX = 15;
    public const int F_GETOWN_EX = 16;
    public const int F_OWNER_TID = 0;
    public const int SIGURG = 23;

    // asm-generic/resource.h.
    public const int RLIMIT_FSIZE = 1;

    // include/uapi/linux/fcntl.h, since Linux 6.10.
    public const int F_DUPFD_QUERY = 1027;

    // include/uapi/linux/kcmp.h.
    public const int KCMP_FILE = 0;
    public const int SEEK_SET = 0;
    public const int SEEK_CUR = 1;
    public const int SEEK_DATA = 3;
    public const int SEEK_HOLE = 4;

    /// <summary>Asks statx(2) for the time of birth; only with it is an inode number never mistaken for an older file's.</summary>
    public const uint STATX_BTIME = 0x800;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int open(byte* path, int flags, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int dup3(int from, int to, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(Library)]
    internal static partial int gettid();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int memfd_create(byte* name, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getrlimit(int resource, Limit* limit);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchmod(int fd, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint pread(int fd, void* buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint pwrite(int fd, void* buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int statx(int directory, byte* path, int flags, uint mask, LuoInterop.Interop.statx* buffer);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fstatfs(int fd, LuoInterop.Interop.statfs* buffer);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int munmap(void* address, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint process_vm_readv(
        int pid, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint process_vm_writev(
        int pid, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth, nint fifth);

    /// <summary>Gets <c>-errno</c> of the last call on this thread.</summary>
    public static int LastError => -Marshal.GetLastPInvokeError();

    /// <summary>Declares <c>struct f_owner_ex</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct f_owner_ex
    {
        public int type;
        public int pid;
    }

    /// <summary>Declares <c>struct rlimit</c> of 64-bit machines.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Limit
    {
        public ulong rlim_cur;
        public ulong rlim_max;
    }

    /// <summary>Declares <c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        public void* iov_base;
        public nuint iov_len;
    }
}
