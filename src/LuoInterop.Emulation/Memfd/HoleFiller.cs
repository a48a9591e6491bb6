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

        return error is 0 or Refused.ENOMEM or Refused.ENOSPC ? error : Populate(fd, size);
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

    // Where the file cannot be opened for writing, or RLIMIT_FSIZE is in the way: a read fault of shared memory allocates too.
    private static unsafe int Populate(int fd, long size)
    {
        for (long offset = 0; offset < size; offset += PopulateStep)
        {
            nuint length = (nuint)Math.Min(size - offset, PopulateStep);
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
