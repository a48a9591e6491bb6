using System.Buffers;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop;

/// <summary>Shows a range of a memfd or guest_memfd as memory, in windows of up to 2 GiB.</summary>
/// <remarks>
/// Spans and memories that were taken from it must not be used after <see cref="Dispose"/>: their memory is unmapped and
/// touching it ends the process. Touching a part that lies beyond the file's end does so too (SIGBUS). Windows may be used
/// from several threads at once. Keep the mapping referenced while its spans are in use, best by <c>using</c>: the
/// garbage collector unmaps one that nobody refers to, and a span does not refer to it (a <see cref="Memory{T}"/> does).
/// </remarks>
public sealed unsafe class MemfdMapping : IDisposable
{
    private readonly Kernel _kernel;
    private readonly bool _writable;
    private readonly nuint _mappedLength;
    private nint _address;

    private MemfdMapping(Kernel kernel, nint address, long length, nuint mappedLength, bool writable)
    {
        _kernel = kernel;
        _address = address;
        _mappedLength = mappedLength;
        _writable = writable;
        Length = length;
    }

    /// <summary>Maps a range of a file, shared: mmap(2).</summary>
    /// <returns>0, or <c>-errno</c> where there is no mapping.</returns>
    internal static int TryMap(Kernel kernel, SafeHandle file, long offset, long length, bool writable, out MemfdMapping? mapping)
    {
        mapping = null;
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        int error = Uninterrupted.FStat(kernel, file, out FileStatus status);
        if (error < 0)
        {
            return error;
        }

        int protection = LibC.PROT_READ | (writable ? LibC.PROT_WRITE : 0);
        nint address = kernel.MMap((nuint)length, protection, LibC.MAP_SHARED, file, offset);
        if (address is < 0 and >= -4095)
        {
            return (int)address;
        }

        mapping = new MemfdMapping(kernel, address, length, MappedLength(status, (nuint)length), writable);
        return 0;
    }

    /// <summary>Gets the length of what mmap(2) maps of a file when it is asked for a length: what munmap(2) must be given.</summary>
    /// <remarks>mmap(2) rounds up to whole huge pages (ksys_mmap_pgoff in mm/mmap.c), munmap(2) does not (hugetlb_vm_op_split in
    /// mm/hugetlb.c).</remarks>
    internal static nuint MappedLength(in FileStatus status, nuint length)
    {
        nuint page = status.FileSystemType == MagicHeader.HUGETLBFS_MAGIC ? (nuint)status.BlockSize : 1;
        return (length + page - 1) / page * page;
    }

    /// <summary>Unmaps the memory of a mapping that was not disposed.</summary>
    ~MemfdMapping()
    {
        if (Unmap() < 0)
        {
            // ENOMEM may pass: another collection tries again.
            GC.ReRegisterForFinalize(this);
        }
    }

    /// <summary>Gets the length in bytes, as it was asked for. A mapping of huge pages ends with a whole one, which may be
    /// longer.</summary>
    public long Length { get; }

    /// <summary>Gets the address of the first byte.</summary>
    /// <exception cref="ObjectDisposedException">The mapping was disposed.</exception>
    public byte* Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == 0, this);
            return (byte*)_address;
        }
    }

    /// <summary>Gets a window as a span.</summary>
    /// <param name="offset">Where the window starts, in bytes from the start of the mapping.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <remarks>Stores through a window of a read-only mapping end the process: use <see cref="GetReadOnlySpan"/>.</remarks>
    public Span<byte> GetSpan(long offset, int length)
    {
        if (!_writable)
        {
            throw new InvalidOperationException("The mapping is read-only; use GetReadOnlySpan.");
        }

        return Window(offset, length);
    }

    /// <summary>Gets a window as a read-only span.</summary>
    /// <inheritdoc cref="GetSpan(long, int)"/>
    public ReadOnlySpan<byte> GetReadOnlySpan(long offset, int length) => Window(offset, length);

    /// <summary>Gets a window as memory, for asynchronous use.</summary>
    /// <inheritdoc cref="GetSpan(long, int)"/>
    public Memory<byte> GetMemory(long offset, int length)
    {
        if (!_writable)
        {
            throw new InvalidOperationException("The mapping is read-only; use GetReadOnlyMemory.");
        }

        return new WindowManager(this, offset, length).Memory;
    }

    /// <summary>Gets a window as read-only memory.</summary>
    /// <inheritdoc cref="GetSpan(long, int)"/>
    public ReadOnlyMemory<byte> GetReadOnlyMemory(long offset, int length) => new WindowManager(this, offset, length).Memory;

    /// <summary>Allocates every page now, so that no later access has to: madvise(2) with MADV_POPULATE_WRITE. Since Linux 5.14.</summary>
    /// <exception cref="KernelException">ENOMEM, EFAULT: not enough memory, or beyond the file's end; EINVAL: older kernel.</exception>
    public void Populate() => Advise(_writable ? MmanHeader.MADV_POPULATE_WRITE : MmanHeader.MADV_POPULATE_READ);

    /// <summary>Asks for transparent huge pages: madvise(2) with MADV_HUGEPAGE, before the memory is touched.</summary>
    /// <remarks>
    /// Takes effect where <c>/sys/kernel/mm/transparent_hugepage/shmem_enabled</c> is <c>advise</c>, <c>within_size</c> or <c>always</c>.
    /// A folio of 2 MiB goes to the next kernel as one.
    /// </remarks>
    /// <exception cref="KernelException">EINVAL: the kernel has no transparent huge pages.</exception>
    public void AdviseHugePages() => Advise(LibC.MADV_HUGEPAGE);

    /// <summary>Unmaps the memory: munmap(2).</summary>
    /// <exception cref="KernelException">
    /// ENOMEM: the mapping lies in the middle of others of the same file that the kernel holds as one, and the process has as many
    /// mappings as it may
    /// (vm.max_map_count). It is still there; dispose it later.
    /// </exception>
    public void Dispose()
    {
        int error = Unmap();
        if (error < 0)
        {
            throw KernelException.For(error, Operation.Unmap);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Unmaps once, whoever calls: 0, or <c>-errno</c> with everything as before.</summary>
    private int Unmap()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        int error = address == 0 ? 0 : _kernel.MUnmap(address, _mappedLength);
        if (error < 0)
        {
            _address = address;
        }

        return error;
    }

    private void Advise(int advice)
    {
        int result = _kernel.MAdvise((nint)Address, (nuint)Length, advice);

        // Without it the finalizer may unmap during the call, and the address be somebody else's.
        GC.KeepAlive(this);
        if (result < 0)
        {
            throw KernelException.For(result, Operation.Advise);
        }
    }

    private Span<byte> Window(long offset, int length)
    {
        CheckWindow(offset, length);

        // SAFETY: the window lies inside the mapping, which lasts until Dispose; callers must not use it longer.
        return new Span<byte>(Address + offset, length);
    }

    private void CheckWindow(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length, nameof(offset));
    }

    /// <summary>Gives a window out as <see cref="Memory{T}"/>; it keeps the mapping from being collected.</summary>
    private sealed class WindowManager : MemoryManager<byte>
    {
        private readonly MemfdMapping _mapping;
        private readonly long _offset;
        private readonly int _length;

        public WindowManager(MemfdMapping mapping, long offset, int length)
        {
            mapping.CheckWindow(offset, length);
            _mapping = mapping;
            _offset = offset;
            _length = length;
        }

        public override Span<byte> GetSpan() => _mapping.Window(_offset, _length);

        // Mapped memory never moves, so there is nothing to pin; the pin only keeps the mapping from being collected.
        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
            return new MemoryHandle(_mapping.Address + _offset + elementIndex, pinnable: this);
        }

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
