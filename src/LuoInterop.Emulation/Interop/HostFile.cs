using System.Globalization;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Interop;

/// <summary>Identifies a file of the host. Inode numbers come back, so the time of birth is a part of it.</summary>
internal readonly record struct InodeKey(ulong Device, ulong Inode, long BornSeconds, uint BornNanoseconds);

/// <summary>Owns a reference of the emulated kernel to an open file description of the host: its <c>struct file</c>.</summary>
/// <remarks>Counted: the last <see cref="Dispose"/> closes it. Not safe for use from several threads at once.</remarks>
internal sealed class HostFile : IDisposable
{
    private int _references = 1;

    private HostFile(int fd) => Fd = fd;

    /// <summary>Gets the descriptor, -1 after the last <see cref="Dispose"/>.</summary>
    public int Fd { get; private set; }

    /// <summary>Takes ownership of a descriptor; where that fails for want of memory, closes it.</summary>
    public static HostFile Own(int fd)
    {
        try
        {
            return new HostFile(fd);
        }
        catch (OutOfMemoryException)
        {
            _ = LibC.close(fd);
            throw;
        }
    }

    /// <summary>Takes another reference to an open file description, as fget() does.</summary>
    /// <returns>The new descriptor, or <c>-errno</c>; EBADF also for a descriptor that was opened with O_PATH.</returns>
    public static int Duplicate(int fd)
    {
        if (fd < 0)
        {
            return Refused.EBADF;
        }

        int flags = LibC.fcntl(fd, FcntlHeader.F_GETFL, 0);
        if (flags < 0 || (flags & LibC.O_PATH) != 0)
        {
            return Refused.EBADF;
        }

        int copy = LibC.fcntl(fd, FcntlHeader.F_DUPFD_CLOEXEC, 0);
        if (copy < 0)
        {
            // The kernel needs no descriptor for its reference. The host's limit shows as a shortage of memory.
            int error = SystemCall.LastError;
            return error == Refused.EMFILE ? Refused.ENOMEM : error;
        }

        return copy;
    }

    /// <summary>Tells whether two descriptors refer to the same open file description: 1, 0 or <c>-errno</c>.</summary>
    public static int AreSame(int fd, int other)
    {
        // Since Linux 6.10; before, and under a filter that does not know it, kcmp(2) tells, where ptrace(2) is allowed.
        int same = LibC.fcntl(fd, FcntlHeader.F_DUPFD_QUERY, other);
        if (same >= 0)
        {
            return same;
        }

        ssize_t order =
            LibC.syscall((int)UnistdHeader.NR_kcmp, Environment.ProcessId, Environment.ProcessId, KcmpHeader.KCMP_FILE, fd, other);
        return order < 0 ? SystemCall.LastError : order == 0 ? 1 : 0;
    }

    /// <summary>Reads what the host knows of a file.</summary>
    /// <returns>0 or <c>-errno</c>.</returns>
    public static unsafe int Stat(int fd, out statx data)
    {
        // SAFETY: both pointers are to memory that outlives the call, and the structure has the size that statx(2) fills.
        byte empty = 0;
        fixed (statx* pointer = &data)
        {
            uint mask = LibC.STATX_BASIC_STATS | LibC.STATX_BTIME;
            return LibC.statx(fd, &empty, LibC.AT_EMPTY_PATH, mask, pointer) < 0 ? SystemCall.LastError : 0;
        }
    }

    /// <summary>Makes the identity of a file.</summary>
    public static InodeKey Key(in statx data) => new(
        ((ulong)data.stx_dev_major << 32) | data.stx_dev_minor, data.stx_ino, data.stx_btime.tv_sec, data.stx_btime.tv_nsec);

    /// <summary>Opens the file behind a descriptor once more: a new open file description, with its own position.</summary>
    /// <returns>The descriptor, or <c>-errno</c>.</returns>
    public static unsafe int Reopen(int fd, int flags)
    {
        // SAFETY: the buffer holds the folder, 11 digits at most, and the NUL that ends the path.
        ReadOnlySpan<byte> folder = "/proc/self/fd/"u8;
        byte* path = stackalloc byte[folder.Length + 12];
        var text = new Span<byte>(path, folder.Length + 12);
        folder.CopyTo(text);
        bool fits = fd.TryFormat(text[folder.Length..], out int digits, default, CultureInfo.InvariantCulture);
        System.Diagnostics.Debug.Assert(fits, "11 bytes hold every int");
        path[folder.Length + digits] = 0;
        int result;
        do
        {
            result = LibC.open(path, flags, 0) is >= 0 and var opened ? opened : SystemCall.LastError;
        }
        while (result == Refused.EINTR);
        return result;
    }

    /// <summary>Sets the size of a file that stands for memory of the kernel: 0 or <c>-errno</c>.</summary>
    /// <remarks>EFBIG above RLIMIT_FSIZE, which does not count for what a kernel makes: the host would send SIGXFSZ, which kills.</remarks>
    public static unsafe int SetSize(int fd, long size)
    {
        // SAFETY: the structure has the size that prlimit(2) fills.
        rlimit limit;
        return ResourceHeader.prlimit(0, ResourceHeader.RLIMIT_FSIZE, null, &limit) == 0 && (ulong)size > limit.rlim_cur ? Refused.EFBIG
            : LibC.ftruncate(fd, size) < 0 ? SystemCall.LastError
            : 0;
    }

    /// <summary>Counts another owner.</summary>
    public HostFile Get()
    {
        _references++;
        return this;
    }

    public void Dispose()
    {
        if (--_references == 0)
        {
            // close(2) frees the descriptor whatever it answers.
            _ = LibC.close(Fd);
            Fd = -1;
        }
    }
}
