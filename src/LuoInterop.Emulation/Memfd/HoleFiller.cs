using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Allocates the holes of a host file, as pinning all its folios does (memfd_pin_folios in mm/gup.c).</summary>
internal static class HoleFiller
{
    private const int EINTR = -(int)Errno.EINTR;
    private const long PopulateStep = 1L << 30;

    /// <summary>Fills the holes up to the file's size: 0, or ENOMEM, ENOSPC and the like.</summary>
    public static int Fill(int fd, long size)
    {
        // shmem_fallocate looks at F_SEAL_GROW only, and only past the size: a sealed file can be filled.
        int error = Allocate(fd, size);
        if (error == Refused.EBADF)
        {
            // Not open for writing. The kernel does not mind; the host's fallocate does.
            int writable = HostFile.Reopen(fd, FcntlHeader.O_RDWR | FcntlHeader.O_CLOEXEC);
            if (writable >= 0)
            {
                using HostFile file = HostFile.Own(writable);
                error = Allocate(writable, size);
            }
        }

        return error switch
        {
            0 => Touch(fd, size),
            Refused.ENOMEM or Refused.ENOSPC => error,

            // The file cannot be opened for writing, or RLIMIT_FSIZE is in the way: a read fault of shared memory allocates too.
            _ => Populate(fd, 0, size),
        };
    }

    // Pages that fallocate made stay holes to SEEK_DATA until they are zeroed; pinned ones are zeroed (memfd_luo_preserve_folios).
    private static int Touch(int fd, long size)
    {
        // A description of its own: the position of the user's is not to move.
        int description = HostFile.Reopen(fd, FcntlHeader.O_RDONLY | FcntlHeader.O_CLOEXEC);
        if (description < 0)
        {
            return Populate(fd, 0, size);
        }

        int error = 0;
        long hole = 0;
        while (error == 0 && (hole = HostLibc.lseek(description, hole, HostLibc.SEEK_HOLE)) >= 0 && hole < size)
        {
            long data = HostLibc.lseek(description, hole, HostLibc.SEEK_DATA);
            long end = data < 0 ? size : data;
            error = Populate(description, hole, end);
            hole = end;
        }

        _ = HostLibc.close(description);
        return error;
    }

    private static int Allocate(int fd, long size)
    {
        int error;
        do
        {
            error = HostLibc.fallocate(fd, FallocHeader.FALLOC_FL_KEEP_SIZE, 0, size) < 0 ? HostLibc.LastError : 0;
        }
        while (error == EINTR);
        return error;
    }

    private static unsafe int Populate(int fd, long start, long end)
    {
        for (long offset = start; offset < end; offset += PopulateStep)
        {
            nuint length = (nuint)Math.Min(end - offset, PopulateStep);
            void* address = HostLibc.mmap(null, length, MmanHeader.PROT_READ, MmanHeader.MAP_SHARED, fd, offset);
            if (address == (void*)-1)
            {
                return HostLibc.LastError;
            }

            // SAFETY: the mapping is this method's own, and gone before it returns.
            int error = HostLibc.madvise(address, length, MmanHeader.MADV_POPULATE_READ) < 0 ? HostLibc.LastError : 0;
            _ = HostLibc.munmap(address, length);
            if (error == EINTR)
            {
                offset -= PopulateStep;
            }
            else if (error != 0)
            {
                return error;
            }
        }

        return 0;
    }
}
