using System.Diagnostics;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Interop;

/// <summary>Asks the host who else has a file open, by a lease that is given back at once (fcntl(2), fs/locks.c).</summary>
/// <remarks>
/// <para>Who opens the file in between waits until the lease is given back, and the holder is sent a signal: SIGIO, which kills,
/// unless another is named before. Here it is SIGURG to the asking thread, which is ignored by default. Who opens with
/// O_NONBLOCK in between gets EAGAIN.</para>
/// <para>Giving a lease back clears whom and how the open file description signals; both are set again. A description on which
/// the program itself holds a lease is left alone. Safe for use from several threads at once.</para>
/// </remarks>
internal static unsafe class HostLease
{
    private static readonly Lock Asking = new();
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    /// <summary>Tells whether anybody has a file open for writing, as far as this process may ask.</summary>
    /// <remarks>
    /// A read lease is refused where i_writecount, which deny_write_access looks at too, is above 0. Who neither owns the file
    /// nor has CAP_LEASE is not told, nor is anybody on a file system that asks its server first.
    /// </remarks>
    public static bool HasWriters(int fd) => Ask(fd, LibC.F_RDLCK) == Refused.EAGAIN && !AsksServer(fd);

    /// <summary>Returns when nobody has a file that was just written open for writing, or after ten seconds.</summary>
    /// <remarks>execve(2) and kexec_file_load(2) answer ETXTBSY as long. A process that another thread is starting has, until it execs,
    /// every file that this one had open.</remarks>
    public static void WaitForWriters(string path)
    {
        long started = Stopwatch.GetTimestamp();
        using SafeFileHandle written = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        while (HasWriters((int)written.DangerousGetHandle()) && Stopwatch.GetElapsedTime(started) < s_longestWait)
        {
            Thread.Sleep(1);
        }
    }

    /// <summary>Tells whether nobody but this open file description has the file open, in any process; a mapping counts too.</summary>
    /// <remarks>
    /// A write lease is granted only then, and given back at once. It counts what was opened by a path: of a memory file, not the
    /// description that memfd_create(2) made. A host that has no leases for the file says no.
    /// </remarks>
    public static bool IsOpenHereOnly(int fd) => Ask(fd, LibC.F_WRLCK) == 0;

    /// <summary>Tells whether a file system refuses leases by EAGAIN for reasons of its own: nfs4_add_lease, cifs_setlease.</summary>
    internal static bool AsksServer(long fileSystem) =>
        fileSystem is MagicHeader.NFS_SUPER_MAGIC or MagicHeader.CIFS_SUPER_MAGIC or MagicHeader.SMB2_SUPER_MAGIC;

    private static bool AsksServer(int fd)
    {
        // SAFETY: the structure has the size that fstatfs(2) fills.
        statfs found;
        return VfsHeader.fstatfs(fd, &found) < 0 || AsksServer(found.f_type);
    }

    // 0 for a lease that was granted, or -errno.
    private static int Ask(int fd, int type)
    {
        lock (Asking)
        {
            // SAFETY: F_GETOWN_EX and F_SETOWN_EX take a structure of this size, which outlives the calls.
            f_owner_ex before;
            int held = LibC.fcntl(fd, LibC.F_GETLEASE, 0);
            int signal = LibC.fcntl(fd, LibC.F_GETSIG, 0);
            if (held != LibC.F_UNLCK || signal < 0 || LibC.fcntl(fd, LibC.F_GETOWN_EX, &before) < 0)
            {
                return Refused.EINVAL;
            }

            var here = new f_owner_ex { type = LibC.F_OWNER_TID, pid = UnistdHeader.gettid() };
            int error = 0;
            if (LibC.fcntl(fd, LibC.F_SETSIG, LibC.SIGURG) < 0
                || LibC.fcntl(fd, LibC.F_SETOWN_EX, &here) < 0
                || LibC.fcntl(fd, LibC.F_SETLEASE, type) < 0)
            {
                error = SystemCall.LastError;
            }
            else
            {
                _ = LibC.fcntl(fd, LibC.F_SETLEASE, LibC.F_UNLCK);
            }

            // Neither can fail where it went before; an owner that has ended is none.
            _ = LibC.fcntl(fd, LibC.F_SETSIG, signal);
            _ = LibC.fcntl(fd, LibC.F_SETOWN_EX, &before);
            return error;
        }
    }
}
