using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Interop;
using LuoInterop.Kho.Abi;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Compares a preserved host file with what PRESERVE_FD left, to find what Linux would have refused since.</summary>
/// <remarks>Two system calls for each file, whatever its size: the host counts blocks, nobody walks over pages.</remarks>
internal sealed class FrozenFileCheck(MemfdCalls calls)
{
    private const ulong BlockSize = 512;
    private const ulong HugePageSize = 2 << 20;

    /// <summary>Adds what was done to a file.</summary>
    public void FindChanges(LuoFile file, MemfdInode inode, in MemfdLuoSer ser, SessionKey session, List<EmulatedFrozenFileChange> changes)
    {
        int fd = file.File!.Fd;
        int seals = LibC.fcntl(fd, FcntlHeader.F_GET_SEALS, 0);
        if (HostFile.Stat(fd, out statx status) != 0 || seals < 0)
        {
            // Somebody closed the descriptor that holds the file: the freeze finds that next, and fails with EBADF.
            return;
        }

        ulong size = status.stx_size;
        if (size != ser.FileSize)
        {
            Add(
                $"its size is {size} bytes, it was {ser.FileSize}",
                size > ser.FileSize ? "ftruncate(2) and writes past the end" : "ftruncate(2) and open(2) with O_TRUNC",
                Errno.EPERM);
        }
        else if (status.stx_blocks < Math.Min(inode.FrozenBlocks, Blocks(size, PhysicalMemory.PageSize)))
        {
            // What lies past the end may go: the host splits a huge page there when it is short of memory.
            Add(
                $"it has holes, {status.stx_blocks} of {inode.FrozenBlocks} blocks are left",
                "fallocate(2) with FALLOC_FL_PUNCH_HOLE and madvise(2) with MADV_REMOVE",
                Errno.EPERM);
        }
        else if (status.stx_blocks > inode.FrozenBlocks && status.stx_blocks != Blocks(size, HugePageSize))
        {
            // Not so when the host itself put a huge page over the end (khugepaged).
            Add($"it has {status.stx_blocks} blocks, it had {inode.FrozenBlocks}", "fallocate(2)", Errno.EPERM);
        }

        // An empty file has no pins, and takes the seal.
        int added = seals & ~inode.FrozenSeals;
        if ((added & FcntlHeader.F_SEAL_WRITE) != 0 && ser.FileSize != 0)
        {
            bool implied = (added & FcntlHeader.F_SEAL_EXEC) != 0;
            Add(
                $"its seals are 0x{seals:x}, F_SEAL_WRITE is new",
                implied
                    ? "fcntl(2) with F_ADD_SEALS of F_SEAL_WRITE, and of F_SEAL_EXEC while the file has execute bits,"
                    : "fcntl(2) with F_ADD_SEALS of F_SEAL_WRITE",
                Errno.EBUSY);
        }

        void Add(string seen, string operation, Errno errno)
        {
            using var handle = new SafeFileHandle(fd, ownsHandle: false);
            string link = calls.ReadLink(handle, fd, out string text) == 0 ? text : "(no link)";
            changes.Add(new(KernelText.Decode(session.Bytes), file.Token, link, seen, operation, errno));
        }
    }

    private static ulong Blocks(ulong size, ulong unit) => (size + unit - 1) / unit * (unit / BlockSize);
}
