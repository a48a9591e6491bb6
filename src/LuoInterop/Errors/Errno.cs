namespace LuoInterop;

/// <summary>Names the error numbers with which a kernel refuses a call. Other numbers are legal values too.</summary>
/// <remarks>Source: <c>include/uapi/asm-generic/errno-base.h</c> and <c>errno.h</c>; the same on x86-64 and arm64.</remarks>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,
    /// <summary>Operation not permitted.</summary>
    EPERM = 1,
    /// <summary>No such file, session, token or handler.</summary>
    ENOENT = 2,
    /// <summary>Interrupted call.</summary>
    EINTR = 4,
    /// <summary>Input/output error; on the device: the incoming sessions could not be read.</summary>
    EIO = 5,
    /// <summary>No such device or address.</summary>
    ENXIO = 6,
    /// <summary>Argument list too long; here: unknown, non-zero bytes in a structure.</summary>
    E2BIG = 7,
    /// <summary>Not a kernel image.</summary>
    ENOEXEC = 8,
    /// <summary>Bad file descriptor.</summary>
    EBADF = 9,
    /// <summary>Try again.</summary>
    EAGAIN = 11,
    /// <summary>Out of memory.</summary>
    ENOMEM = 12,
    /// <summary>Permission denied.</summary>
    EACCES = 13,
    /// <summary>Bad address.</summary>
    EFAULT = 14,
    /// <summary>Device or resource busy.</summary>
    EBUSY = 16,
    /// <summary>Exists already.</summary>
    EEXIST = 17,
    /// <summary>No such device.</summary>
    ENODEV = 19,
    /// <summary>Not a directory.</summary>
    ENOTDIR = 20,
    /// <summary>Is a directory.</summary>
    EISDIR = 21,
    /// <summary>Invalid argument.</summary>
    EINVAL = 22,
    /// <summary>Too many open files in the system.</summary>
    ENFILE = 23,
    /// <summary>Too many open files in the process.</summary>
    EMFILE = 24,
    /// <summary>Not a number that this descriptor's ioctl knows.</summary>
    ENOTTY = 25,
    /// <summary>The file is open for writing.</summary>
    ETXTBSY = 26,
    /// <summary>File too large.</summary>
    EFBIG = 27,
    /// <summary>No space left.</summary>
    ENOSPC = 28,
    /// <summary>Illegal seek.</summary>
    ESPIPE = 29,
    /// <summary>Read-only file system.</summary>
    EROFS = 30,
    /// <summary>Broken pipe: nobody reads any more.</summary>
    EPIPE = 32,
    /// <summary>Out of range.</summary>
    ERANGE = 34,
    /// <summary>Name too long.</summary>
    ENAMETOOLONG = 36,
    /// <summary>Function not implemented.</summary>
    ENOSYS = 38,
    /// <summary>Too many symbolic links.</summary>
    ELOOP = 40,
    /// <summary>No data.</summary>
    ENODATA = 61,
    /// <summary>A cryptographic algorithm is not built in.</summary>
    ENOPKG = 65,
    /// <summary>A message, here a signature, is damaged.</summary>
    EBADMSG = 74,
    /// <summary>Value too large.</summary>
    EOVERFLOW = 75,
    /// <summary>A damaged library; here: a damaged PE file.</summary>
    ELIBBAD = 80,
    /// <summary>A message is too long.</summary>
    EMSGSIZE = 90,
    /// <summary>Not supported.</summary>
    EOPNOTSUPP = 95,
    /// <summary>Cannot assign the requested address; here: no room in KHO scratch memory.</summary>
    EADDRNOTAVAIL = 99,
    /// <summary>No memory for a message.</summary>
    ENOBUFS = 105,
    /// <summary>Too many descriptors are on their way to other processes.</summary>
    ETOOMANYREFS = 109,
    /// <summary>Nobody reads the socket.</summary>
    ECONNREFUSED = 111,
    /// <summary>Stale; here: another kernel image may be loaded than was checked.</summary>
    ESTALE = 116,
    /// <summary>No such key.</summary>
    ENOKEY = 126,
    /// <summary>A key has expired.</summary>
    EKEYEXPIRED = 127,
    /// <summary>A key was revoked.</summary>
    EKEYREVOKED = 128,
    /// <summary>A key was rejected.</summary>
    EKEYREJECTED = 129,
    /// <summary>Memory page has a hardware error.</summary>
    EHWPOISON = 133,
}
