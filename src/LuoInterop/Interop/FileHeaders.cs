using System.Runtime.InteropServices;

namespace LuoInterop.Interop;

/// <summary>Declares <c>include/uapi/linux/falloc.h</c>: modes of fallocate(2).</summary>
internal static class FallocHeader
{
    public const int FALLOC_FL_KEEP_SIZE = 0x01;
    public const int FALLOC_FL_PUNCH_HOLE = 0x02;
    public const int FALLOC_FL_COLLAPSE_RANGE = 0x08;
    public const int FALLOC_FL_ZERO_RANGE = 0x10;
    public const int FALLOC_FL_INSERT_RANGE = 0x20;
    public const int FALLOC_FL_UNSHARE_RANGE = 0x40;

    /// <summary>Writes zeroes instead of marking extents unwritten. Since Linux 6.17.</summary>
    public const int FALLOC_FL_WRITE_ZEROES = 0x80;
}

/// <summary>Declares <c>asm-generic/mman-common.h</c> and <c>linux/mman.h</c>: what mapping a memfd needs.</summary>
internal static class MmanHeader
{
    public const int PROT_NONE = 0;
    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;
    public const int PROT_EXEC = 4;
    public const int MAP_SHARED = 0x01;
    public const int MAP_PRIVATE = 0x02;
    public const int MAP_ANONYMOUS = 0x20;
    public const int MAP_NORESERVE = 0x4000;
    public const int MAP_POPULATE = 0x8000;
    public const int MADV_WILLNEED = 3;
    public const int MADV_DONTNEED = 4;
    public const int MADV_REMOVE = 9;
    public const int MADV_HUGEPAGE = 14;
    public const int MADV_NOHUGEPAGE = 15;
    public const int MADV_POPULATE_READ = 22;
    public const int MADV_POPULATE_WRITE = 23;
}

/// <summary>Declares the parts of <c>include/uapi/linux/stat.h</c> that statx(2) needs.</summary>
internal static class StatHeader
{
    public const uint STATX_BASIC_STATS = 0x7ff;
    public const ushort S_IFMT = 0xF000;
    public const ushort S_IFREG = 0x8000;
    public const ushort S_IFDIR = 0x4000;
}

[StructLayout(LayoutKind.Sequential)]
internal struct statx_timestamp
{
    public long tv_sec;
    public uint tv_nsec;
    public int __reserved;
}

[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct statx
{
    public uint stx_mask;
    public uint stx_blksize;
    public ulong stx_attributes;
    public uint stx_nlink;
    public uint stx_uid;
    public uint stx_gid;
    public ushort stx_mode;
    private readonly ushort __spare0;
    public ulong stx_ino;
    public ulong stx_size;
    public ulong stx_blocks;
    public ulong stx_attributes_mask;
    public statx_timestamp stx_atime;
    public statx_timestamp stx_btime;
    public statx_timestamp stx_ctime;
    public statx_timestamp stx_mtime;
    public uint stx_rdev_major;
    public uint stx_rdev_minor;
    public uint stx_dev_major;
    public uint stx_dev_minor;
}

/// <summary>Declares <c>struct statfs</c> of 64-bit Linux (<c>asm-generic/statfs.h</c>).</summary>
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

/// <summary>Declares <c>include/uapi/linux/magic.h</c>: file system types that a memfd or guest_memfd can belong to.</summary>
internal static class MagicHeader
{
    public const long TMPFS_MAGIC = 0x01021994;
    public const long HUGETLBFS_MAGIC = 0x958458f6;
    public const long GUEST_MEMFD_MAGIC = 0x474d454d;
    public const long DEBUGFS_MAGIC = 0x64626720;
    public const long NFS_SUPER_MAGIC = 0x6969;
    public const long CIFS_SUPER_MAGIC = 0xff534d42;
    public const long SMB2_SUPER_MAGIC = 0xfe534d42;
}
