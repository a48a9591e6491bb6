using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Declares <c>sys/vfs.h</c>, which Tmds.LibC lacks.</summary>
internal static unsafe partial class VfsHeader
{
    // Tmds.LibC lacks it.
    [LibraryImport(CLibrary.Name, SetLastError = true)]
    internal static partial int fstatfs(int fd, statfs* buffer);
}

/// <summary>Declares <c>struct statfs</c> of 64-bit Linux (<c>asm-generic/statfs.h</c>), which Tmds.LibC lacks.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct statfs
{
    public long f_type;
    public long f_bsize;
    public ulong f_blocks;
    public ulong f_bfree;
    public ulong f_bavail;
    public ulong f_files;
    public ulong f_ffree;
    public fixed int f_fsid[2];
    public long f_namelen;
    public long f_frsize;
    public long f_flags;
    public fixed long f_spare[4];
}
