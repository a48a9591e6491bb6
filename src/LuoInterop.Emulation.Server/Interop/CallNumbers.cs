namespace LuoInterop.Emulation.Server.Interop;

/// <summary>Numbers of the system calls that are trapped.</summary>
/// <remarks>Source: <c>arch/x86/entry/syscalls/syscall_64.tbl</c>. The filter (native/luo_filter.c) traps no other machine's.</remarks>
internal static class CallNumbers
{
    public const int read = 0;
    public const int write = 1;
    public const int open = 2;
    public const int stat = 4;
    public const int fstat = 5;
    public const int lstat = 6;
    public const int lseek = 8;
    public const int mmap = 9;
    public const int ioctl = 16;
    public const int pread64 = 17;
    public const int pwrite64 = 18;
    public const int access = 21;
    public const int madvise = 28;
    public const int uname = 63;
    public const int fcntl = 72;
    public const int ftruncate = 77;
    public const int creat = 85;
    public const int readlink = 89;
    public const int fchmod = 91;
    public const int fstatfs = 138;
    public const int reboot = 169;
    public const int kexec_load = 246;
    public const int openat = 257;
    public const int newfstatat = 262;
    public const int readlinkat = 267;
    public const int faccessat = 269;
    public const int fallocate = 285;
    public const int kexec_file_load = 320;
    public const int statx = 332;
    public const int openat2 = 437;
    public const int faccessat2 = 439;
}
