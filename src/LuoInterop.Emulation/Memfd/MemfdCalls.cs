using System.Runtime.InteropServices;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Answers file calls on host descriptors whose file is preserved or was retrieved; all others go to the host.</summary>
/// <remarks>
/// The rules are those of mm/shmem.c and mm/memfd.c. They hold for calls that go through the seam; a call that a program
/// makes past it sees the host file. Guarded by the running kernel's lock.
/// </remarks>
internal class MemfdCalls(MemfdInodes inodes, int largest)
{
    /// <summary>The mode of a file that MFD_NOEXEC_SEAL makes.</summary>
    public const ushort NotExecutable = 0x1b6;

    private const int WriteSeals = FcntlHeader.F_SEAL_WRITE | FcntlHeader.F_SEAL_FUTURE_WRITE;
    private const int AllSeals = 0x3f;
    private const uint ExecuteBits = 0x49;

    // mapping_max_folio_size of shmem: what generic_perform_write (mm/filemap.c) asks for at a time.
    private readonly long _chunk = 4096L << Math.Min(largest, 9);

    /// <summary>memfd_create(2) on a host without execution seals, which are kept here: the descriptor, or <c>-errno</c>.</summary>
    public int CreateWithoutExecSeals(string name, uint flags)
    {
        bool isSealed = (flags & MemfdHeader.MFD_NOEXEC_SEAL) != 0;
        int fd = Kernel.Linux.MemfdCreate(name, inodes.Host.Flags(flags) | (isSealed ? LibC.MFD_ALLOW_SEALING : 0));
        if (fd < 0 || !isSealed)
        {
            return fd;
        }

        statx status = default;
        int error = LibC.fchmod(fd, NotExecutable) < 0 ? SystemCall.LastError : 0;
        error = error != 0 ? error : HostFile.Stat(fd, out status);
        if (error != 0)
        {
            // close(2) frees the number whatever it answers.
            _ = LibC.close(fd);
            return error;
        }

        MemfdInode inode = inodes.GetOrAdd(HostFile.Key(status));
        (inode.Seals, inode.Mode) = (FcntlHeader.F_SEAL_EXEC, status.stx_mode);
        return fd;
    }

    /// <summary>ftruncate(2): shmem_setattr.</summary>
    public virtual int FTruncate(SafeHandle file, int fd, long length)
    {
        if (inodes.Find(fd, out statx status) is { } inode && length >= 0 && IsWritable(fd))
        {
            int seals = inode.Seals ?? 0;
            long size = (long)status.stx_size;
            if ((length < size && (seals & FcntlHeader.F_SEAL_SHRINK) != 0)
                || (length > size && (seals & FcntlHeader.F_SEAL_GROW) != 0)
                || (length != size && inode.IsFrozen))
            {
                return Refused.EPERM;
            }
        }

        return Kernel.Linux.FTruncate(file, length);
    }

    /// <summary>fallocate(2): vfs_fallocate, then shmem_fallocate.</summary>
    public virtual int FAllocate(SafeHandle file, int fd, int mode, long offset, long length)
    {
        if (inodes.Find(fd, out statx status) is not { } inode
            || !IsWritable(fd)
            || offset < 0
            || length <= 0
            || length > long.MaxValue - offset
            || mode is not (0 or FallocHeader.FALLOC_FL_KEEP_SIZE
                or (FallocHeader.FALLOC_FL_KEEP_SIZE | FallocHeader.FALLOC_FL_PUNCH_HOLE)))
        {
            // The host refuses these before it looks at the file: EINVAL, EOPNOTSUPP, EBADF, EFBIG.
            return Kernel.Linux.FAllocate(file, mode, offset, length);
        }

        int seals = inode.Seals ?? 0;
        bool punch = (mode & FallocHeader.FALLOC_FL_PUNCH_HOLE) != 0;
        bool sealedAgainst = punch
            ? (seals & WriteSeals) != 0
            : (seals & FcntlHeader.F_SEAL_GROW) != 0 && offset + length > (long)status.stx_size;
        return inode.IsFrozen || sealedAgainst ? Refused.EPERM : Kernel.Linux.FAllocate(file, mode, offset, length);
    }

    /// <summary>read(2) and pread(2): shmem_file_read_iter, which ends before a page whose memory is broken.</summary>
    /// <param name="file">The file.</param>
    /// <param name="fd">Its descriptor.</param>
    /// <param name="buffer">What is filled.</param>
    /// <param name="offset">From where, or null for the position.</param>
    public nint Read(SafeHandle file, int fd, Span<byte> buffer, long? offset)
    {
        if (inodes.Find(fd, out statx status) is { PoisonedPages: { } poisoned }
            && (offset ?? LibC.lseek(fd, 0, LibC.SEEK_CUR)) is >= 0 and var position
            && position < (long)status.stx_size)
        {
            long page = position / PhysicalMemory.PageSize;
            SortedSet<long> ahead = poisoned.GetViewBetween(page, long.MaxValue);
            long sound = ahead.Count == 0 ? long.MaxValue : (ahead.Min * PhysicalMemory.PageSize) - position;
            if (sound <= 0 && !buffer.IsEmpty)
            {
                return Refused.EIO;
            }

            buffer = buffer[..(int)Math.Min(buffer.Length, Math.Max(sound, 0))];
        }

        return offset is { } at ? Kernel.Linux.PRead(file, buffer, at) : Kernel.Linux.Read(file, buffer);
    }

    /// <summary>write(2) and pwrite(2): shmem_write_begin, for each chunk that generic_perform_write takes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="fd">Its descriptor.</param>
    /// <param name="buffer">What is written.</param>
    /// <param name="offset">Where, or null for the position.</param>
    public virtual nint Write(SafeHandle file, int fd, ReadOnlySpan<byte> buffer, long? offset)
    {
        if (!buffer.IsEmpty && inodes.Find(fd, out statx status) is { } inode && IsWritable(fd))
        {
            // A preserved file's end does not move whatever its seals are; those against writing the host enforces.
            int seals = inode.Seals ?? (inode.IsFrozen ? 0 : Math.Max(Kernel.Linux.Fcntl(file, FcntlHeader.F_GET_SEALS), 0));
            if ((seals & WriteSeals) != 0)
            {
                return Refused.EPERM;
            }

            if (inode.IsFrozen || (seals & FcntlHeader.F_SEAL_GROW) != 0)
            {
                long size = (long)status.stx_size;
                long position = IsAppending(fd) ? size : offset ?? LibC.lseek(fd, 0, LibC.SEEK_CUR);
                long allowed = Allowed(position, buffer.Length, size);
                if (position >= 0 && allowed <= 0)
                {
                    return Refused.EPERM;
                }

                buffer = position >= 0 ? buffer[..(int)allowed] : buffer;
            }
        }

        return offset is { } at ? Kernel.Linux.PWrite(file, buffer, at) : Kernel.Linux.Write(file, buffer);
    }

    /// <summary>fcntl(2) with F_GET_SEALS: the freeze does not show.</summary>
    public int GetSeals(SafeHandle file, int fd) =>
        inodes.Find(fd, out _)?.Seals ?? Kernel.Linux.Fcntl(file, FcntlHeader.F_GET_SEALS);

    /// <summary>fcntl(2) with F_ADD_SEALS: memfd_add_seals.</summary>
    public int AddSeals(SafeHandle file, int fd, nint argument)
    {
        int added = (int)argument;
        bool isKeptHere = (added & FcntlHeader.F_SEAL_EXEC) != 0 && !inodes.Host.HasExecSeals && (added & ~AllSeals) == 0 && IsWritable(fd);
        if ((isKeptHere ? FindOrAdd(file, fd, out statx status) : inodes.Find(fd, out status)) is not { } inode
            || !IsWritable(fd)
            || (added & ~AllSeals) != 0)
        {
            int result = Kernel.Linux.Fcntl(file, FcntlHeader.F_ADD_SEALS, argument);
            if (result == 0 && (added & FcntlHeader.F_SEAL_GROW) != 0 && HostFile.Stat(fd, out status) == 0)
            {
                inodes.GetOrAdd(HostFile.Key(status)).IsSealedAgainstGrowth = true;
            }

            return result;
        }

        int hostSeals = Kernel.Linux.Fcntl(file, FcntlHeader.F_GET_SEALS);
        int seals = inode.Seals ?? hostSeals;
        if (hostSeals < 0 || (seals & FcntlHeader.F_SEAL_SEAL) != 0)
        {
            return hostSeals < 0 ? hostSeals : Refused.EPERM;
        }

        if ((added & FcntlHeader.F_SEAL_EXEC) != 0 && ((inode.Mode ?? status.stx_mode) & ExecuteBits) != 0)
        {
            added |= RetrievedMemfd.Widened(FcntlHeader.F_SEAL_EXEC);
        }

        // memfd_wait_for_pins: every folio of a preserved file is pinned.
        if (inode.IsFrozen && status.stx_size != 0 && (added & ~seals & FcntlHeader.F_SEAL_WRITE) != 0)
        {
            return Refused.EBUSY;
        }

        int wanted = (seals | added) & ~hostSeals & (inodes.Host.HasExecSeals ? AllSeals : ~FcntlHeader.F_SEAL_EXEC);
        if (wanted != 0 && (hostSeals & FcntlHeader.F_SEAL_SEAL) == 0)
        {
            int error = Kernel.Linux.Fcntl(file, FcntlHeader.F_ADD_SEALS, wanted);
            if (error < 0)
            {
                return error;
            }
        }

        inode.Seals = inode.Seals is null && !isKeptHere ? null : seals | added;
        inode.Mode = isKeptHere ? inode.Mode ?? status.stx_mode : inode.Mode;
        return 0;
    }

    // Only of a file that can be sealed is a seal kept.
    private MemfdInode? FindOrAdd(SafeHandle file, int fd, out statx status) =>
        inodes.Find(fd, out status) is { } known ? known
        : Kernel.Linux.Fcntl(file, FcntlHeader.F_GET_SEALS) >= 0 && HostFile.Stat(fd, out status) == 0
            ? inodes.GetOrAdd(HostFile.Key(status))
        : null;

    /// <summary>fchmod(2): shmem_setattr under F_SEAL_EXEC.</summary>
    public virtual int FChmod(SafeHandle file, int fd, uint mode)
    {
        if (inodes.Find(fd, out statx status) is not { Mode: { } now } inode)
        {
            return Kernel.Linux.FChmod(file, mode);
        }

        // The host's execute bits are sealed as they were before the kexec; all others are the same.
        if (((now ^ mode) & ExecuteBits) != 0)
        {
            return Refused.EPERM;
        }

        int error = Kernel.Linux.FChmod(file, (mode & ~ExecuteBits) | (status.stx_mode & ExecuteBits));
        if (error == 0)
        {
            inode.Mode = (now & (ushort)LibC.S_IFMT) | (mode & 0xfff);
        }

        return error;
    }

    /// <summary>statx(2): the retrieved file's mode.</summary>
    public virtual int FStat(SafeHandle file, int fd, out FileStatus status)
    {
        int error = Kernel.Linux.FStat(file, out status);
        if (error == 0 && inodes.Find(fd, out _) is { Mode: { } mode })
        {
            status = status with { Mode = mode };
        }

        return error;
    }

    /// <summary>readlink(2): a retrieved file has an empty name (memfd_alloc_file("", ...)).</summary>
    public int ReadLink(SafeHandle file, int fd, out string text)
    {
        if (inodes.Find(fd, out _) is { IsRetrieved: true })
        {
            text = "/ (deleted)";
            return 0;
        }

        return Kernel.Linux.ReadLink(file, out text);
    }

    /// <summary>mmap(2): memfd_check_seals_mmap.</summary>
    public virtual nint MMap(nuint length, int protection, int flags, SafeHandle file, int fd, long offset)
    {
        bool sharedWrite = (flags & LibC.MAP_SHARED) != 0 && (protection & LibC.PROT_WRITE) != 0;
        if (sharedWrite && inodes.Find(fd, out _) is { Seals: { } seals } && (seals & WriteSeals) != 0 && IsWritable(fd))
        {
            return Refused.EPERM;
        }

        nint address = MapsHere(flags, file, fd) ? Kernel.Linux.MMap(length, protection, flags, file, offset) : Refused.EPERM;
        return address == Refused.EPERM && (flags & LibC.MAP_SHARED) != 0 && !sharedWrite
            ? MapSealed(length, protection, flags, fd, offset)
            : address;
    }

    private bool MapsHere(int flags, SafeHandle file, int fd) =>
        inodes.Host.MapsSealed || (flags & LibC.MAP_SHARED) == 0 || !IsWritable(fd)
        || Kernel.Linux.Fcntl(file, FcntlHeader.F_GET_SEALS) is var seals && (seals < 0 || (seals & FcntlHeader.F_SEAL_WRITE) == 0);

    // Before 6.7 a host takes any shared mapping by a description that may write for one that writes. By one that may only read
    // it maps, and mprotect(2) cannot make it writable: as Linux 6.7 does with a sealed file.
    private static nint MapSealed(nuint length, int protection, int flags, int fd, long offset)
    {
        int reading = HostFile.Reopen(fd, LibC.O_RDONLY | LibC.O_CLOEXEC);
        if (reading < 0)
        {
            return Refused.EPERM;
        }

        using var file = new SafeFileHandle(reading, ownsHandle: true);
        return Kernel.Linux.MMap(length, protection, flags, file, offset);
    }

    /// <summary>munmap(2): the answer where the range touches mappings that the host knows less of, null elsewhere.</summary>
    public virtual int? Unmap(nint address, nuint length) => null;

    /// <summary>open(2) with O_TRUNC of a path that leads to a preserved file, as those below /proc/self/fd do.</summary>
    public int OpenTruncating(string path, int flags, uint mode)
    {
        int fd = Kernel.Linux.Open(path, flags & ~(LibC.O_TRUNC | LibC.O_CREAT | LibC.O_EXCL), 0);
        if (fd >= 0)
        {
            bool refused = inodes.Find(fd, out statx status) is { } inode
                && status.stx_size != 0
                && (inode.IsFrozen || ((inode.Seals ?? 0) & FcntlHeader.F_SEAL_SHRINK) != 0);
            _ = Kernel.Linux.Close(fd);
            if (refused)
            {
                return Refused.EPERM;
            }
        }

        return Kernel.Linux.Open(path, flags, mode);
    }

    /// <summary>madvise(2) with MADV_REMOVE, which is fallocate(FALLOC_FL_PUNCH_HOLE).</summary>
    public int Remove(nint address, nuint length) =>
        MappedFiles.Overlaps(ProcessMemory.Self, address, length, inodes.Frozen())
            ? Refused.EPERM
            : Kernel.Linux.MAdvise(address, length, MmanHeader.MADV_REMOVE);

    protected static bool IsWritable(int fd)
    {
        int flags = LibC.fcntl(fd, FcntlHeader.F_GETFL, 0);
        return flags >= 0 && (flags & LibC.O_PATH) == 0 && (flags & LibC.O_ACCMODE) != LibC.O_RDONLY;
    }

    private static bool IsAppending(int fd)
    {
        int flags = LibC.fcntl(fd, FcntlHeader.F_GETFL, 0);
        return flags >= 0 && (flags & LibC.O_APPEND) != 0;
    }

    // Chunks that lie inside the size are written; the first that passes it fails, and ends the write.
    private long Allowed(long position, long count, long size) =>
        count <= size - position ? count : (size / _chunk * _chunk) - position;
}
