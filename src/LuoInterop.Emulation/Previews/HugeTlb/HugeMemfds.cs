using System.Globalization;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Knows the memory files of huge pages of one kernel, and notices when nobody has one of them any more.</summary>
/// <remarks>Guarded by the running kernel's lock.</remarks>
internal sealed class HugeMemfds(HugeTlbPools pools, MemfdInodes inodes)
{
    private readonly List<HugeMemfdInode> _files = [];

    /// <summary>Gets what is known of all memory files.</summary>
    public MemfdInodes Inodes { get; } = inodes;

    /// <summary>memfd_create(2) with MFD_HUGETLB and flags that are legal: the descriptor, or <c>-errno</c>;
    /// ENODEV for a size without a pool.</summary>
    public int Create(string name, uint flags)
    {
        const uint Sizes = MemfdHeader.MFD_HUGE_MASK << MemfdHeader.MFD_HUGE_SHIFT;
        bool isSealedHere = (flags & MemfdHeader.MFD_NOEXEC_SEAL) != 0 && !Inodes.Host.HasExecSeals;
        uint plain = Inodes.Host.Flags(flags & ~(LibC.MFD_HUGETLB | Sizes)) | (isSealedHere ? LibC.MFD_ALLOW_SEALING : 0);
        int fd = Kernel.Linux.MemfdCreate(name, plain);
        if (fd < 0)
        {
            return fd;
        }

        if (pools.FindLog((int)((flags & Sizes) >> MemfdHeader.MFD_HUGE_SHIFT)) is not { } hstate)
        {
            return Abandon(fd, Refused.ENODEV);
        }

        bool isStandIn = true;
        if (HostHasFree(hstate))
        {
            uint size = (uint)(hstate.Order + Kho.PhysicalMemory.PageShift) << MemfdHeader.MFD_HUGE_SHIFT;
            int real = Kernel.Linux.MemfdCreate(name, plain | LibC.MFD_HUGETLB | size);
            if (real >= 0)
            {
                Abandon(fd, 0);
                (fd, isStandIn) = (real, false);
            }
        }

        int error = Enter(fd, hstate, isStandIn, out HugeMemfdInode? inode);
        if (error == 0 && isSealedHere)
        {
            error = LibC.fchmod(fd, MemfdCalls.NotExecutable) < 0 ? SystemCall.LastError : 0;
            (inode!.Seals, inode.Mode) = (FcntlHeader.F_SEAL_EXEC, (uint)(ushort)LibC.S_IFREG | MemfdCalls.NotExecutable);
        }

        return error != 0 ? Abandon(fd, error) : Replace(fd, (plain & LibC.MFD_CLOEXEC) != 0);
    }

    /// <summary>Finds the file behind a host descriptor, or null.</summary>
    public HugeMemfdInode? Find(int fd, out statx status) => Inodes.Find(fd, out status) as HugeMemfdInode;

    /// <summary>Begins to know a file: 0 or <c>-errno</c>.</summary>
    public int Enter(int fd, Hstate hstate, bool isStandIn, out HugeMemfdInode? inode)
    {
        inode = null;
        int error = HostFile.Stat(fd, out statx status);
        if (error != 0)
        {
            return error;
        }

        int own = HostFile.Reopen(fd, LibC.O_RDWR | LibC.O_CLOEXEC);
        if (own < 0)
        {
            // The kernel needs no descriptor for its inode. The host's limit shows as a shortage of memory.
            return own == Refused.EMFILE ? Refused.ENOMEM : own;
        }

        inode = new HugeMemfdInode(HostFile.Key(status), hstate, HostFile.Own(own), isStandIn);
        Inodes.Add(inode.Id, inode);
        _files.Add(inode);
        return 0;
    }

    /// <summary>Gives back what files have that nobody has open or mapped, and sees what programs touched in the others.</summary>
    public void Look()
    {
        for (int i = _files.Count - 1; i >= 0; i--)
        {
            HugeMemfdInode inode = _files[i];
            if (!inode.IsFrozen && HostLease.IsOpenHereOnly(inode.Own.Fd))
            {
                // hugetlbfs_evict_inode.
                inode.Truncate(0);
                Forget(inode);
            }
            else if (!inode.IsFrozen && !pools.IsFrozen)
            {
                inode.SeeFaults();
            }
        }
    }

    /// <summary>Stops to know a file, whose pages the caller has dealt with.</summary>
    public void Forget(HugeMemfdInode inode)
    {
        _files.Remove(inode);
        Inodes.Remove(inode.Id);
        inode.Own.Dispose();
    }

    /// <summary>Drops the references of a kernel that is gone.</summary>
    public void Abandon()
    {
        foreach (HugeMemfdInode inode in _files)
        {
            inode.Own.Dispose();
        }

        _files.Clear();
    }

    // Puts a description that was opened by a path in place of memfd_create's: only such a one is seen by a lease.
    private static int Replace(int fd, bool closeOnExec)
    {
        int opened = HostFile.Reopen(fd, LibC.O_RDWR | LibC.O_CLOEXEC);
        if (opened < 0)
        {
            return Abandon(fd, opened);
        }

        int result = LibC.dup3(opened, fd, closeOnExec ? LibC.O_CLOEXEC : 0);
        int error = result < 0 ? SystemCall.LastError : 0;
        _ = LibC.close(opened);
        return error != 0 ? Abandon(fd, error) : fd;
    }

    // Somebody else may take them in between: the host then refuses what the emulated pool has.
    private static bool HostHasFree(Hstate hstate)
    {
        string path = $"/sys/kernel/mm/hugepages/{hstate.Name}/free_hugepages";
        return File.Exists(path)
            && ulong.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong free)
            && free > 0;
    }

    private static int Abandon(int fd, int error)
    {
        // close(2) frees the number whatever it answers.
        _ = LibC.close(fd);
        return error;
    }
}
