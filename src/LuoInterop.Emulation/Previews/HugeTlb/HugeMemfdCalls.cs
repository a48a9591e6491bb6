using System.Runtime.InteropServices;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Answers file calls on memory files of huge pages as hugetlbfs does (fs/hugetlbfs/inode.c of Linux 7.3);
/// all others are a memfd's.</summary>
/// <remarks>
/// A preserved file refuses what the RFC's hugetlb_i_freeze refuses (20251206230222.853493-10-pratyush@kernel.org): changes of
/// its size, and fallocate(2) in every mode. Guarded by the running kernel's lock.
/// </remarks>
internal sealed class HugeMemfdCalls(MemfdInodes inodes, int largest, HugeTlbPools pools, HugeMemfds memfds) : MemfdCalls(inodes, largest)
{
    private readonly HugeMappings _mappings = new();

    /// <inheritdoc/>
    public override int FTruncate(SafeHandle file, int fd, long length)
    {
        if (memfds.Find(fd, out statx status) is not { } inode || length < 0 || !IsWritable(fd))
        {
            return base.FTruncate(file, fd, length);
        }

        if (length % inode.Hstate.PageSize != 0)
        {
            return Refused.EINVAL;
        }

        memfds.Look();
        if (pools.IsFrozen && inode.Pages.Keys.Any(index => (long)index >= length / inode.Hstate.PageSize))
        {
            return Refused.EBUSY;
        }

        int error = base.FTruncate(file, fd, length);
        if (error == 0 && length < (long)status.stx_size)
        {
            inode.Truncate((ulong)(length / inode.Hstate.PageSize));
        }

        return error;
    }

    /// <inheritdoc/>
    public override int FAllocate(SafeHandle file, int fd, int mode, long offset, long length)
    {
        const int Keep = FallocHeader.FALLOC_FL_KEEP_SIZE;
        const int Punch = Keep | FallocHeader.FALLOC_FL_PUNCH_HOLE;
        if (memfds.Find(fd, out statx status) is not { } inode
            || !IsWritable(fd)
            || offset < 0
            || length <= 0
            || length > long.MaxValue - offset
            || mode is not (0 or Keep or Punch))
        {
            return base.FAllocate(file, fd, mode, offset, length);
        }

        memfds.Look();
        if (inode.IsFrozen)
        {
            return Refused.EPERM;
        }

        return mode == Punch
            ? PunchHole(inode, file, offset, length)
            : Preallocate(inode, file, (mode & Keep) != 0, offset, length, (long)status.stx_size);
    }

    /// <summary>write(2) and pwrite(2): hugetlbfs has none.</summary>
    public override nint Write(SafeHandle file, int fd, ReadOnlySpan<byte> buffer, long? offset) =>
        memfds.Find(fd, out _) is null ? base.Write(file, fd, buffer, offset)
        : IsWritable(fd) ? Refused.EINVAL
        : Refused.EBADF;

    /// <summary>fchmod(2): hugetlbfs_setattr does not look at F_SEAL_EXEC.</summary>
    public override int FChmod(SafeHandle file, int fd, uint mode)
    {
        if (memfds.Find(fd, out _) is not { } inode)
        {
            return base.FChmod(file, fd, mode);
        }

        int error = Kernel.Linux.FChmod(file, mode);
        if (error == 0)
        {
            inode.Mode = null;
        }
        else if (error == Refused.EPERM && (Kernel.Linux.Fcntl(file, FcntlHeader.F_GET_SEALS) & FcntlHeader.F_SEAL_EXEC) != 0)
        {
            // The file that stands for one of huge pages is of shmem, which does.
            inode.Mode = (ushort)LibC.S_IFREG | (mode & 0xfff);
            return 0;
        }

        return error;
    }

    /// <inheritdoc/>
    public override int FStat(SafeHandle file, int fd, out FileStatus status)
    {
        int error = base.FStat(file, fd, out status);
        if (error == 0 && memfds.Find(fd, out _) is { } inode)
        {
            memfds.Look();
            status = status with
            {
                FileSystemType = MagicHeader.HUGETLBFS_MAGIC,
                Blocks = inode.Pages.Count * (inode.Hstate.PageSize / 512),
                BlockSize = inode.Hstate.PageSize,
            };
        }

        return error;
    }

    /// <summary>mmap(2): hugetlbfs_file_mmap. The length is rounded up to whole huge pages, which are reserved.</summary>
    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, int fd, long offset)
    {
        if (memfds.Find(fd, out statx status) is not { } inode)
        {
            return base.MMap(length, protection, flags, file, fd, offset);
        }

        long size = inode.Hstate.PageSize;
        nuint whole = (length + (nuint)size - 1) / (nuint)size * (nuint)size;
        nint address = base.MMap(whole, protection, flags, file, fd, offset);
        if (address is < 0 and > -4096)
        {
            return address;
        }

        bool ownsPages = false;
        int error = offset % size != 0 ? Refused.EINVAL : Reserve(inode, whole, flags, offset, out ownsPages);
        if (error != 0)
        {
            int unmapped = Kernel.Linux.MUnmap(address, whole);
            return unmapped != 0 ? unmapped : error;
        }

        _mappings.Add(new HugeMapping(address, whole, inode.Hstate, ownsPages));

        // A writable mapping makes the file as long as it is. No freeze and no seal of growth is looked at.
        long end = offset + (long)whole;
        if ((protection & LibC.PROT_WRITE) != 0 && end > (long)status.stx_size && HostFile.SetSize(inode.Own.Fd, end) == 0)
        {
            inode.KnownSize = (ulong)end;
        }

        return address;
    }

    /// <inheritdoc/>
    public override int? Unmap(nint address, nuint length) => _mappings.Overlaps(address, length) ? _mappings.Unmap(address, length) : null;

    // A private mapping reserves its pages for itself, and gives them back when it goes.
    private int Reserve(HugeMemfdInode inode, nuint length, int flags, long offset, out bool ownsPages)
    {
        ownsPages = false;
        if ((flags & LibC.MAP_NORESERVE) != 0)
        {
            return 0;
        }

        memfds.Look();
        Hstate hstate = inode.Hstate;
        ulong from = (ulong)(offset / hstate.PageSize);
        ulong pages = length / (ulong)hstate.PageSize;
        bool isShared = (flags & LibC.MAP_SHARED) != 0;
        if (pools.IsFrozen && !(isShared && inode.IsReserved(from, from + pages)))
        {
            return Refused.EBUSY;
        }

        if (isShared)
        {
            return inode.Reserve(from, from + pages);
        }

        if (!hstate.Cgroup.TryChargeReserved(pages))
        {
            return Refused.ENOMEM;
        }

        if (hstate.Account((long)pages) != 0)
        {
            hstate.Cgroup.UnchargeReserved(pages);
            return Refused.ENOMEM;
        }

        ownsPages = true;
        return 0;
    }

    private int PunchHole(HugeMemfdInode inode, SafeHandle file, long offset, long length)
    {
        int seals = inode.Seals ?? 0;
        if ((seals & (FcntlHeader.F_SEAL_WRITE | FcntlHeader.F_SEAL_FUTURE_WRITE)) != 0)
        {
            return Refused.EPERM;
        }

        // Only whole pages go; the rest of the hole is zeroed in place.
        const int Mode = FallocHeader.FALLOC_FL_KEEP_SIZE | FallocHeader.FALLOC_FL_PUNCH_HOLE;
        ulong size = (ulong)inode.Hstate.PageSize;
        ulong from = ((ulong)offset + size - 1) / size;
        ulong to = (ulong)(offset + length) / size;
        if (pools.IsFrozen && inode.Pages.Keys.Any(index => index >= from && index < to))
        {
            return Refused.EBUSY;
        }

        int error = Kernel.Linux.FAllocate(file, Mode, offset, length);
        if (error == 0)
        {
            inode.Punch(from, to);
        }

        return error;
    }

    private int Preallocate(HugeMemfdInode inode, SafeHandle file, bool keepsSize, long offset, long length, long fileSize)
    {
        int seals = inode.Seals ?? Math.Max(Kernel.Linux.Fcntl(file, FcntlHeader.F_GET_SEALS), 0);
        long end = offset + length;
        if ((seals & FcntlHeader.F_SEAL_GROW) != 0 && end > fileSize)
        {
            return Refused.EPERM;
        }

        long size = inode.Hstate.PageSize;
        for (ulong index = (ulong)(offset / size); index < ((ulong)end + (ulong)size - 1) / (ulong)size; index++)
        {
            int error = inode.Pages.ContainsKey(index) ? 0 : pools.IsFrozen ? Refused.EBUSY : inode.Allocate(index);
            if (error != 0)
            {
                return error;
            }
        }

        if (keepsSize || end <= fileSize)
        {
            return 0;
        }

        // The size need not be one of whole pages here (i_size_write of hugetlbfs_fallocate); ftruncate(2) of a real file wants that.
        return !inode.IsStandIn && end % size != 0
            ? Kernel.Linux.FAllocate(file, 0, offset, length)
            : LibC.ftruncate(inode.Own.Fd, end) < 0 ? SystemCall.LastError : 0;
    }
}
