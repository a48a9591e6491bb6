using System.Numerics;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop;

/// <summary>Holds memory in an anonymous file: the kind of file that a live update carries to the next kernel.</summary>
/// <remarks>
/// <para>While a session preserves the file its size and holes cannot change (EPERM); content, position and mappings are
/// as before. What comes back from the next kernel has the same content, size, position and seals, but no name, mode 0777
/// and the retrieving user as its owner.</para>
/// <para>Offsets and sizes are in bytes. Members may be called from several threads at once; <see cref="Position"/> is
/// shared by all who hold the open file. Source: <c>mm/memfd.c</c>, <c>mm/memfd_luo.c</c>.</para>
/// </remarks>
public sealed class Memfd : IDisposable
{
    /// <summary>Wraps an open memfd, or a handle that will hold one.</summary>
    /// <param name="handle">The file, which belongs to this object from now on.</param>
    public Memfd(KernelHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        Handle = handle;
    }

    /// <summary>Gets the kernel that holds the memory.</summary>
    public Kernel Kernel => Handle.Kernel;

    /// <summary>Gets the file, for calls that take one. It stays owned by this object.</summary>
    /// <remarks>
    /// Do not make a <see cref="FileStream"/> of its number: that keeps a position of its own, so that the one which a live update
    /// carries stays
    /// where it was. <see cref="OpenStream"/> does not.
    /// </remarks>
    public KernelHandle Handle { get; }

    /// <summary>Gets the size in bytes.</summary>
    public long Size => Status.Size;

    /// <summary>Gets what the kernel knows of the file.</summary>
    public FileStatus Status
    {
        get
        {
            KernelException.Check(Uninterrupted.FStat(Kernel, Handle, out FileStatus status), Operation.Status);
            return status;
        }
    }

    /// <summary>Gets or sets the position, in bytes, that reads and writes without an offset start at; a live update carries it.</summary>
    public long Position
    {
        get => KernelException.Check(Kernel.LSeek(Handle, 0, SeekOrigin.Current), Operation.Seek);
        set => KernelException.Check(Kernel.LSeek(Handle, value, SeekOrigin.Begin), Operation.Seek);
    }

    /// <summary>Gets the seals.</summary>
    public MemfdSeals Seals => (MemfdSeals)KernelException.Check(Kernel.Fcntl(Handle, FcntlHeader.F_GET_SEALS), Operation.GetSeals);

    /// <summary>Gets the text that <c>/proc/self/fd</c> shows: <c>/memfd:NAME (deleted)</c>, or <c>/ (deleted)</c> once
    /// retrieved.</summary>
    public string LinkText
    {
        get
        {
            KernelException.Check(Kernel.ReadLink(Handle, out string text), Operation.Link);
            return text;
        }
    }

    /// <summary>Creates a memfd of a size: memfd_create(2), ftruncate(2). It is closed on exec.</summary>
    /// <param name="kernel">The kernel to hold it.</param>
    /// <param name="name">A name for people, at most 249 bytes; it need not be unique.</param>
    /// <param name="size">The size in bytes. No memory is used until it is written or preserved.</param>
    /// <param name="options">How to create it; by default sealable and executable, as suits preservation.</param>
    /// <exception cref="KernelException">EACCES: vm.memfd_noexec=2; EMFILE, ENFILE, ENOMEM; with huge pages ENODEV or ENOMEM.</exception>
    public static Memfd Create(Kernel kernel, string name, long size = 0, MemfdOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(name);
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A memfd's name cannot contain a NUL: the kernel would cut it there.", nameof(name));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(size);
        options ??= MemfdOptions.Default;
        uint flags = Flags(options);
        var memfd = new Memfd(new KernelHandle(kernel));
        int result = memfd.Handle.Take(kernel.MemfdCreate(name, flags));
        if (result == -(int)Errno.EINVAL && options.Executable == MemfdExecutable.Allowed)
        {
            // Before Linux 6.3 every memfd was executable and the flag unknown.
            result = memfd.Handle.Take(kernel.MemfdCreate(name, flags & ~MemfdHeader.MFD_EXEC));
        }

        if (result < 0)
        {
            throw KernelException.For(result, Operation.MemfdCreate);
        }

        try
        {
            if (size > 0)
            {
                memfd.SetSize(size);
            }

            return memfd;
        }
        catch
        {
            memfd.Dispose();
            throw;
        }
    }

    /// <summary>Changes the size: ftruncate(2).</summary>
    /// <exception cref="KernelException">EPERM: sealed, or a session preserves the file.</exception>
    public void SetSize(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        KernelException.Check(Uninterrupted.FTruncate(Kernel, Handle, size), Operation.Truncate);
    }

    /// <summary>Adds seals: F_ADD_SEALS. Those added while a session preserves the file do not reach the next kernel.</summary>
    /// <exception cref="KernelException">EPERM: sealed against seals; EBUSY: a writable mapping exists or pages are pinned.</exception>
    public void AddSeals(MemfdSeals seals) =>
        KernelException.Check(Kernel.Fcntl(Handle, FcntlHeader.F_ADD_SEALS, (int)seals), Operation.AddSeals);

    /// <summary>Allocates and zeroes the holes of a range: fallocate(2). Goes on after signals.</summary>
    /// <exception cref="KernelException">EPERM: a session preserves the file; ENOSPC, ENOMEM: not enough memory. Then a part may
    /// have been allocated, after a signal the size changed too.</exception>
    public void Allocate(long offset, long length) =>
        KernelException.Check(Uninterrupted.Allocate(Kernel, Handle, 0, offset, length), Operation.Allocate);

    /// <summary>Frees a range, which reads as zeroes from then on: fallocate(2) with FALLOC_FL_PUNCH_HOLE.</summary>
    /// <exception cref="KernelException">EPERM: sealed against writing, or a session preserves the file.</exception>
    public void PunchHole(long offset, long length) =>
        KernelException.Check(
            Kernel.FAllocate(Handle, FallocHeader.FALLOC_FL_PUNCH_HOLE | FallocHeader.FALLOC_FL_KEEP_SIZE, offset, length),
            Operation.Allocate);

    /// <summary>Reads at an offset until the buffer is full or the file ends.</summary>
    /// <returns>The number of bytes read.</returns>
    public int Read(long offset, Span<byte> buffer)
    {
        int done = 0;
        while (done < buffer.Length)
        {
            nint count = (nint)KernelException.Check(Uninterrupted.PRead(Kernel, Handle, buffer[done..], offset + done), Operation.Read);
            if (count == 0)
            {
                break;
            }

            done += (int)count;
        }

        return done;
    }

    /// <summary>Writes all bytes at an offset.</summary>
    /// <exception cref="KernelException">EPERM: sealed, or past the end while a session preserves the file. Bytes before the end
    /// may have been written.</exception>
    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        int done = 0;
        while (done < buffer.Length)
        {
            done += (int)KernelException.Check(Uninterrupted.PWrite(Kernel, Handle, buffer[done..], offset + done), Operation.Write);
        }
    }

    /// <summary>Opens a stream that reads and writes at <see cref="Position"/>, which a live update carries: read(2), write(2),
    /// lseek(2).</summary>
    /// <returns>The stream, unbuffered and seekable. Disposing it leaves the memfd open; disposing the memfd ends it.</returns>
    /// <remarks>
    /// What it refuses is a <see cref="KernelException"/>. Asynchronous members run at once. Its position is the file's: all streams
    /// and holders of one open file share it, so one thread at a time. <c>SetLength</c> moves a position beyond the new end back to it.
    /// </remarks>
    public Stream OpenStream() => new MemfdStream(this);

    /// <summary>Maps a range into memory, shared with everybody who maps the file: mmap(2).</summary>
    /// <param name="offset">Where the range starts, a multiple of the page size.</param>
    /// <param name="length">Its length in bytes; any size, also beyond 2 GiB.</param>
    /// <param name="writable">Whether stores are allowed.</param>
    /// <returns>The mapping, which keeps the memory until it is disposed, also when the file is closed before.</returns>
    public MemfdMapping Map(long offset, long length, bool writable = true)
    {
        KernelException.Check(MemfdMapping.TryMap(Kernel, Handle, offset, length, writable, out MemfdMapping? mapping), Operation.Map);
        return mapping!;
    }

    /// <summary>Maps the whole file for reading and writing.</summary>
    public MemfdMapping Map() => Map(0, Size);

    /// <summary>Tells whether the kernel would preserve the file, and if not why.</summary>
    public Preservability Preservability => Preservability.Of(Kernel, Handle);

    /// <summary>Closes the file. The memory stays while a session preserves it, a mapping shows it, or somebody else has it open.</summary>
    public void Dispose() => Handle.Dispose();

    private static uint Flags(MemfdOptions options)
    {
        uint flags = LibC.MFD_CLOEXEC;
        flags |= options.AllowSealing ? LibC.MFD_ALLOW_SEALING : 0;
        flags |= options.Executable switch
        {
            MemfdExecutable.Allowed => MemfdHeader.MFD_EXEC,
            MemfdExecutable.Sealed => MemfdHeader.MFD_NOEXEC_SEAL,
            _ => 0U,
        };
        if (options.HugePageSize != 0)
        {
            if (options.HugePageSize < 4096 || !BitOperations.IsPow2(options.HugePageSize))
            {
                throw new ArgumentException("A huge page size is a power of two in bytes, for example 2097152.", nameof(options));
            }

            flags |= LibC.MFD_HUGETLB | ((uint)BitOperations.Log2((ulong)options.HugePageSize) << MemfdHeader.MFD_HUGE_SHIFT);
        }
        else if (options.DefaultHugePages)
        {
            flags |= LibC.MFD_HUGETLB;
        }

        return flags;
    }
}
