using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Files;

/// <summary>An open file description of the emulated kernel (<c>struct file</c>):
/// what descriptors of one or more processes refer to.</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal abstract class OpenFile
{
    private const int BlockSize = 4096;

    private static long s_last;

    private readonly ulong _number = (ulong)Interlocked.Increment(ref s_last);
    private int _references = 1;

    /// <summary>Gets or sets the status flags (F_GETFL).</summary>
    public int Flags { get; set; }

    /// <summary>Gets the text of the link in /proc/self/fd.</summary>
    public abstract string LinkText { get; }

    /// <summary>Gets what tells the description from all others, also from files of the host.</summary>
    public InodeKey Key => new(ulong.MaxValue, _number, 0, 0);

    /// <summary>Takes another reference (get_file).</summary>
    public void Get() => _references++;

    /// <summary>Drops a reference; the last one releases the file (fput).</summary>
    public void Put()
    {
        if (--_references == 0)
        {
            Release();
        }
    }

    /// <summary>Answers ioctl(2): first what every file answers (do_vfs_ioctl in fs/ioctl.c), then what this one does.</summary>
    public int Ioctl(FileDescriptorTable descriptors, int fd, uint request, UserMemory argument)
    {
        Span<byte> word = stackalloc byte[sizeof(int)];
        switch (request)
        {
            case IoctlsHeader.FIOCLEX:
                descriptors.SetCloseOnExec(fd, true);
                return 0;
            case IoctlsHeader.FIONCLEX:
                descriptors.SetCloseOnExec(fd, false);
                return 0;
            case IoctlsHeader.FIONBIO:
            case IoctlsHeader.FIOASYNC:
                if (argument.CopyFrom(word) != 0)
                {
                    return Refused.EFAULT;
                }

                bool on = word.ContainsAnyExcept((byte)0);
                if (request == IoctlsHeader.FIOASYNC)
                {
                    // None of these files has fasync, so the flag is never set, and clearing it changes nothing.
                    return on ? Refused.ENOTTY : 0;
                }

                Flags = on ? Flags | LibC.O_NONBLOCK : Flags & ~LibC.O_NONBLOCK;
                return 0;
            case IoctlsHeader.FIOQSIZE:
                return Refused.ENOTTY;
            case IoctlsHeader.FIGETBSZ:
                System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(word, BlockSize);
                return argument.CopyTo(word);
            default:
                return IoctlOperation(descriptors, request, argument);
        }
    }

    /// <summary>Reads at the position and moves it.</summary>
    public virtual nint Read(Span<byte> buffer) => Refused.EINVAL;

    /// <summary>Reads at an offset.</summary>
    public virtual nint PRead(Span<byte> buffer, long offset) => Refused.ESPIPE;

    /// <summary>Writes at the position.</summary>
    public virtual nint Write(ReadOnlySpan<byte> buffer) => Refused.EINVAL;

    /// <summary>Writes at an offset.</summary>
    public virtual nint PWrite(ReadOnlySpan<byte> buffer, long offset) => Refused.ESPIPE;

    /// <summary>Moves the position.</summary>
    public virtual long Seek(long offset, SeekOrigin whence) => Refused.ESPIPE;

    /// <summary>Changes the size.</summary>
    public virtual int Truncate(long length) => Refused.EINVAL;

    /// <summary>Gets whether fallocate(2) runs without the running kernel's lock, because the file has a gate of its own.</summary>
    public virtual bool AllocatesUnlocked => false;

    /// <summary>Gets whether the link of the file leads to a path that can be opened, unlike that of an anonymous inode.</summary>
    public virtual bool HasPath => !LinkText.StartsWith("anon_inode:", StringComparison.Ordinal);

    /// <summary>Allocates a range: vfs_fallocate() of fs/open.c.</summary>
    public int Allocate(EmulatedProcess process, int mode, long offset, long length)
    {
        const int Keep = FallocHeader.FALLOC_FL_KEEP_SIZE;
        if (offset < 0 || length <= 0)
        {
            return Refused.EINVAL;
        }

        // Each mode stands alone; PUNCH_HOLE wants KEEP_SIZE, and those that move or erase content do not take it.
        bool legal = (mode & ~Keep) switch
        {
            0 or FallocHeader.FALLOC_FL_UNSHARE_RANGE or FallocHeader.FALLOC_FL_ZERO_RANGE => true,
            FallocHeader.FALLOC_FL_PUNCH_HOLE => (mode & Keep) != 0,
            FallocHeader.FALLOC_FL_COLLAPSE_RANGE or FallocHeader.FALLOC_FL_INSERT_RANGE or FallocHeader.FALLOC_FL_WRITE_ZEROES =>
                (mode & Keep) == 0,
            _ => false,
        };
        return !legal ? Refused.EOPNOTSUPP
            : (Flags & LibC.O_ACCMODE) == LibC.O_RDONLY ? Refused.EBADF
            : AllocateOperation(process, mode, offset, length);
    }

    /// <summary>Maps the file: ksys_mmap_pgoff() and do_mmap() of mm/mmap.c.</summary>
    public nint Map(FileDescriptorTable process, nuint length, int protection, int flags, long offset)
    {
        if ((offset & (BlockSize - 1)) != 0 || length == 0)
        {
            return Refused.EINVAL;
        }

        bool sharedWrite = (flags & LibC.MAP_SHARED) != 0 && (protection & LibC.PROT_WRITE) != 0;
        int access = Flags & LibC.O_ACCMODE;
        return access == LibC.O_WRONLY || (sharedWrite && access == LibC.O_RDONLY)
            ? Refused.EACCES
            : MapOperation(process, length, protection, flags, offset);
    }

    /// <summary>Changes the mode bits.</summary>
    public abstract int ChangeMode(uint mode);

    /// <summary>Reads the status.</summary>
    public abstract FileStatus Status();

    /// <summary>Allocates a range, the arguments being legal: ENODEV for what is no regular file.</summary>
    protected virtual int AllocateOperation(EmulatedProcess process, int mode, long offset, long length) => Refused.ENODEV;

    /// <summary>Maps the file as the arguments, which are legal, say: ENODEV for what has no mmap.</summary>
    protected virtual nint MapOperation(FileDescriptorTable process, nuint length, int protection, int flags, long offset) =>
        Refused.ENODEV;

    /// <summary>Answers the file's own requests.</summary>
    protected virtual int IoctlOperation(FileDescriptorTable descriptors, uint request, UserMemory argument) => Refused.ENOTTY;

    /// <summary>Ends the description, after its last reference is gone.</summary>
    protected virtual void Release()
    {
    }
}
