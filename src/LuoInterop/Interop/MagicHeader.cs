namespace LuoInterop.Interop;

/// <summary>Declares <c>include/uapi/linux/magic.h</c>, which Tmds.LibC lacks: types of file systems.</summary>
internal static class MagicHeader
{
    public const long TMPFS_MAGIC = 0x01021994;
    public const long HUGETLBFS_MAGIC = 0x958458f6;
    public const long GUEST_MEMFD_MAGIC = 0x474d454d;
    public const long ANON_INODE_FS_MAGIC = 0x09041934;
    public const long DEBUGFS_MAGIC = 0x64626720;
    public const long NFS_SUPER_MAGIC = 0x6969;
    public const long CIFS_SUPER_MAGIC = 0xff534d42;
    public const long SMB2_SUPER_MAGIC = 0xfe534d42;
}
