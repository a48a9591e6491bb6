namespace LuoInterop;

/// <summary>Holds what the file system knows of an open file.</summary>
/// <param name="FileSystemType">The file system's magic number (<c>linux/magic.h</c>), 0x01021994 for a memfd.</param>
/// <param name="Device">The device that holds the file, major number in the upper half.</param>
/// <param name="Inode">The inode number.</param>
/// <param name="Links">The number of names that the file has; 0 for a memfd.</param>
/// <param name="Mode">File type and permission bits (<c>st_mode</c>).</param>
/// <param name="UserId">The owner.</param>
/// <param name="GroupId">The owning group.</param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Blocks">Allocated units of 512 bytes.</param>
/// <param name="BlockSize">The size in bytes of the blocks that the file system allocates (<c>f_bsize</c>): of a huge-page memfd
/// that of its pages.</param>
public readonly record struct FileStatus(
    long FileSystemType,
    ulong Device,
    ulong Inode,
    uint Links,
    uint Mode,
    uint UserId,
    uint GroupId,
    long Size,
    long Blocks,
    long BlockSize = 4096);
