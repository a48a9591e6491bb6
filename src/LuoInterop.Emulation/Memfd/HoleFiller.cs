using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Allocates the holes of a host file, as pinning all its folios does (memfd_pin_folios in mm/gup.c).</summary>
internal static class HoleFiller
{
    private const long PopulateStep = 1L << 30;

    /// <summary>Fills the holes up to the file's size with pages that are zeroed and up to date: 0, or ENOMEM,
    /// ENOSPC and the like.</summary>
    public static int Fill(int fd, long size)
    {
        // A description of its own, if it can be had: looking for holes moves the position, and this one can write.
        int own = HostFile.Reopen(fd, LibC.O_RDWR | LibC.O_CLOEXEC);
        own = own < 0 ? HostFile.Reopen(fd, LibC.O_RDONLY | LibC.O_CLOEXEC) : own;
        if (own < 0)
        {
            return FillFrom(fd, 0, size);
        }

        using HostFile file = HostFile.Own(own);
        long hole = LibC.lseek(own, 0, FsHeader.SEEK_HOLE);
        return hole >= size ? 0 : FillFrom(own, Math.Max(hole, 0), size);
    }

    // shmem_fallocate looks at F_SEAL_GROW only, and only past the size: a sealed file can be filled. Its pages are there then,
    // but not up to date: lseek(2) still takes them for holes. A fault makes them so.
    private static int FillFrom(int fd, long start, long size)
    {
        int error = LibC.fallocate(fd, FallocHeader.FALLOC_FL_KEEP_SIZE, 0, size) < 0 ? SystemCall.LastError : 0;
        if (error == Refused.EINTR)
        {
            using var file = new SafeFileHandle(fd, ownsHandle: false);
            error = Uninterrupted.Allocate(Kernel.Linux, file, FallocHeader.FALLOC_FL_KEEP_SIZE, 0, size);
        }

        return error is Refused.ENOMEM or Refused.ENOSPC ? error : Populate(fd, start, size);
    }

    /// <summary>Makes the pages of a range, zeroed and up to date, by reading through a mapping: 0, or ENOMEM and the like.</summary>
    /// <remarks>A read fault of shared memory allocates too: also where the file cannot be opened for writing,
    /// or RLIMIT_FSIZE is in the way.</remarks>
    public static int Populate(int fd, long start, long size)
    {
        int error = PopulateBy(fd, start, size);
        if (error != Refused.EPERM)
        {
            return error;
        }

        // Before Linux 6.7 a file with F_SEAL_WRITE is mapped shared by a description that may only read, and by no other.
        int reading = HostFile.Reopen(fd, LibC.O_RDONLY | LibC.O_CLOEXEC);
        if (reading < 0)
        {
            return error;
        }

        error = PopulateBy(reading, start, size);

        // close(2) frees the number whatever it answers.
        _ = LibC.close(reading);
        return error;
    }

    private static unsafe int PopulateBy(int fd, long start, long size)
    {
        for (long offset = start; offset < size; offset += PopulateStep)
        {
            var length = (size_t)(ulong)Math.Min(size - offset, PopulateStep);
            void* address = LibC.mmap(null, length, LibC.PROT_READ, LibC.MAP_SHARED, fd, offset);
            if (address == LibC.MAP_FAILED)
            {
                return SystemCall.LastError;
            }

            // SAFETY: the mapping is this method's own, and gone before it returns.
            int error = LibC.madvise(address, length, MmanHeader.MADV_POPULATE_READ) < 0 ? SystemCall.LastError : 0;
            int unmapped = LibC.munmap(address, length) < 0 ? SystemCall.LastError : 0;
            error = error != 0 ? error : unmapped;
            if (error != 0)
            {
                return error;
            }
        }

        return 0;
    }
}
