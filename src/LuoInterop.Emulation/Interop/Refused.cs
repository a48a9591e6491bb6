namespace LuoInterop.Emulation.Interop;

/// <summary>Names the refusals of a kernel in the form in which a system call returns them, <c>-errno</c>.</summary>
internal static class Refused
{
    public const int EPERM = -(int)Errno.EPERM;
    public const int ENOENT = -(int)Errno.ENOENT;
    public const int EIO = -(int)Errno.EIO;
    public const int ENXIO = -(int)Errno.ENXIO;
    public const int E2BIG = -(int)Errno.E2BIG;
    public const int ENOEXEC = -(int)Errno.ENOEXEC;
    public const int EBADF = -(int)Errno.EBADF;
    public const int EAGAIN = -(int)Errno.EAGAIN;
    public const int ENOMEM = -(int)Errno.ENOMEM;
    public const int EACCES = -(int)Errno.EACCES;
    public const int EFAULT = -(int)Errno.EFAULT;
    public const int EBUSY = -(int)Errno.EBUSY;
    public const int EEXIST = -(int)Errno.EEXIST;
    public const int ENODATA = -(int)Errno.ENODATA;
    public const int ENODEV = -(int)Errno.ENODEV;
    public const int ENOTDIR = -(int)Errno.ENOTDIR;
    public const int EISDIR = -(int)Errno.EISDIR;
    public const int EINVAL = -(int)Errno.EINVAL;
    public const int ENFILE = -(int)Errno.ENFILE;
    public const int EMFILE = -(int)Errno.EMFILE;
    public const int ENOTTY = -(int)Errno.ENOTTY;

    /// <summary>A file that is open for writing cannot be read as a kernel image.</summary>
    public const int ETXTBSY = -(int)Errno.ETXTBSY;

    public const int EHWPOISON = -(int)Errno.EHWPOISON;
    public const int EINTR = -(int)Errno.EINTR;
    public const int EFBIG = -(int)Errno.EFBIG;
    public const int ENOSPC = -(int)Errno.ENOSPC;
    public const int ESPIPE = -(int)Errno.ESPIPE;
    public const int EOPNOTSUPP = -(int)Errno.EOPNOTSUPP;
    public const int EADDRNOTAVAIL = -(int)Errno.EADDRNOTAVAIL;
}
