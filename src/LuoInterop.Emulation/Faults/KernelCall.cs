namespace LuoInterop.Emulation;

/// <summary>Names the calls of a program that a fault can meet: the members of <see cref="Kernel"/>, and each ioctl of LUO apart.</summary>
public enum KernelCall
{
    /// <summary>Every call.</summary>
    Any,
    /// <summary>open(2).</summary>
    Open,
    /// <summary>close(2), of an emulated descriptor or through the kernel object. Memory files are closed past it.</summary>
    Close,
    /// <summary>getdents(2).</summary>
    ReadDirectory,
    /// <summary>LIVEUPDATE_IOCTL_CREATE_SESSION.</summary>
    CreateSession,
    /// <summary>LIVEUPDATE_IOCTL_RETRIEVE_SESSION.</summary>
    RetrieveSession,
    /// <summary>LIVEUPDATE_SESSION_PRESERVE_FD.</summary>
    PreserveFd,
    /// <summary>LIVEUPDATE_SESSION_RETRIEVE_FD.</summary>
    RetrieveFd,
    /// <summary>LIVEUPDATE_SESSION_FINISH.</summary>
    Finish,
    /// <summary>LIVEUPDATE_SESSION_GET_NAME.</summary>
    GetName,
    /// <summary>ioctl(2) with any other number.</summary>
    Ioctl,
    /// <summary>fcntl(2).</summary>
    Fcntl,
    /// <summary>memfd_create(2).</summary>
    MemfdCreate,
    /// <summary>ftruncate(2).</summary>
    FTruncate,
    /// <summary>fallocate(2).</summary>
    FAllocate,
    /// <summary>fchmod(2).</summary>
    FChmod,
    /// <summary>lseek(2).</summary>
    LSeek,
    /// <summary>read(2).</summary>
    Read,
    /// <summary>write(2).</summary>
    Write,
    /// <summary>pread(2).</summary>
    PRead,
    /// <summary>pwrite(2).</summary>
    PWrite,
    /// <summary>statx(2).</summary>
    FStat,
    /// <summary>readlink(2).</summary>
    ReadLink,
    /// <summary>mmap(2).</summary>
    MMap,
    /// <summary>munmap(2).</summary>
    MUnmap,
    /// <summary>madvise(2).</summary>
    MAdvise,
    /// <summary>kexec_file_load(2).</summary>
    KexecFileLoad,
    /// <summary>reboot(2).</summary>
    Reboot,
}
