using LuoInterop.Emulation;
using static LuoInterop.Errno;

namespace LuoInterop.Faults.Tests;

/// <summary>Knows with which error numbers Linux can refuse a call: the man pages, and the kernel files that the contract names.</summary>
internal static class Errnos
{
    public static Errno[] Of(KernelCall call) => call switch
    {
        KernelCall.Open => [ENOENT, EMFILE, ENFILE, ENOMEM, EACCES, EPERM, EBUSY, EIO, EINTR, ENXIO],
        KernelCall.Close => [EIO, EINTR],
        KernelCall.ReadDirectory => [EACCES, ENOENT, ENOMEM],
        KernelCall.CreateSession => [EMFILE, ENFILE, ENOMEM, ENOSPC, EEXIST, EINVAL, EFAULT],
        KernelCall.RetrieveSession => [EMFILE, ENFILE, ENOMEM, ENOENT, EINVAL, EFAULT],
        KernelCall.PreserveFd => [EEXIST, EBADF, ENOENT, EBUSY, ENOMEM, ENOSPC, EFBIG, EOPNOTSUPP, EINVAL, EFAULT],
        KernelCall.RetrieveFd => [EMFILE, ENOENT, EIO, EINVAL, ENOMEM, ENOSPC, EOPNOTSUPP, EFAULT],
        KernelCall.Finish => [EBUSY, EINVAL, EFAULT],
        KernelCall.GetName => [EINVAL, EFAULT],
        KernelCall.Ioctl => [ENOTTY, EINVAL],
        KernelCall.Fcntl => [EBUSY, EPERM, EINVAL],
        KernelCall.MemfdCreate => [EMFILE, ENFILE, ENOMEM, EACCES, EINVAL],
        KernelCall.FTruncate => [EPERM, EINTR, ENOSPC, EFBIG],
        KernelCall.FAllocate => [EPERM, EINTR, ENOSPC, ENOMEM],
        KernelCall.FChmod => [EPERM, EIO],
        KernelCall.LSeek => [EINVAL, ESPIPE],
        KernelCall.Read or KernelCall.PRead => [EIO, EINTR, ENOMEM, EHWPOISON],
        KernelCall.Write or KernelCall.PWrite => [ENOSPC, ENOMEM, EPERM, EINTR, EFBIG],
        KernelCall.FStat => [EIO, ENOMEM, EACCES],
        KernelCall.ReadLink => [ENOENT, ENOMEM],
        KernelCall.MMap => [ENOMEM, EPERM, EAGAIN, ENODEV],

        // The range is always one that mmap gave (mm/vma.c has nothing to split): it does not fail.
        KernelCall.MUnmap => [],
        KernelCall.MAdvise => [ENOMEM, EFAULT, EINVAL, EHWPOISON, EINTR],
        KernelCall.KexecFileLoad => [ENOMEM, EBUSY, EPERM, ENOEXEC, EADDRNOTAVAIL, EINVAL, EINTR, ETXTBSY],
        KernelCall.Reboot => [EBUSY, EPERM, EINVAL, EIO, ENOMEM],
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };
}
