using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds the memory of a guest_memfd in a sparse memory file of the host (<c>struct gmem_inode</c>,
/// virt/kvm/guest_memfd.c).</summary>
/// <remarks>
/// A page is present when the host's file has it. Guests touch pages inside <see cref="Srcu"/>, without the running kernel's lock; all
/// else is guarded by that lock.
/// </remarks>
internal sealed class GuestMemfdInode(HostFile file, long size, ulong flags, Srcu gate)
{
    private static long s_last;

    // Replaced as a whole; null for no page.
    private volatile HashSet<long>? _poisoned;
    private volatile bool _isFrozen;

    public HostFile File { get; } = file;

    public long Size { get; } = size;

    /// <summary>Gets the GUEST_MEMFD_FLAG_ bits.</summary>
    public ulong Flags { get; } = flags;

    public ulong Number { get; } = (ulong)Interlocked.Increment(ref s_last);

    public bool SupportsMap => (Flags & KvmHeader.GUEST_MEMFD_FLAG_MMAP) != 0;

    public bool IsShared => (Flags & KvmHeader.GUEST_MEMFD_FLAG_INIT_SHARED) != 0;

    /// <summary>Gets whether the file is preserved: no page may come or go (GUEST_MEMFD_F_MAPPING_FROZEN of the posting).</summary>
    public bool IsFrozen => _isFrozen;

    /// <summary>Gets whether any page's memory is broken (PG_hwpoison).</summary>
    public bool HasPoison => _poisoned is not null;

    /// <summary>Gets or sets what is told that a reader was let in, and is about to allocate or free; for tests.</summary>
    public Action? Admitted { get; set; }

    /// <summary>Makes an empty one: it, or null and the host's <c>-errno</c>.</summary>
    public static unsafe GuestMemfdInode? Create(long size, ulong flags, Srcu gate, out int error)
    {
        // SAFETY: the name is static data, and the compiler ends UTF-8 literals with a NUL.
        fixed (byte* name = "luointerop-kvm-gmem"u8)
        {
            int fd = LibC.memfd_create(name, LibC.MFD_CLOEXEC);
            if (fd < 0)
            {
                error = SystemCall.LastError;
                return null;
            }

            HostFile file = HostFile.Own(fd);
            error = HostFile.SetSize(fd, size);
            if (error != 0)
            {
                file.Dispose();
                return null;
            }

            return new GuestMemfdInode(file, size, flags, gate);
        }
    }

    /// <summary>Stops all allocation and freeing, and waits for who is at it (kvm_gmem_freeze).</summary>
    public void Freeze()
    {
        _isFrozen = true;
        gate.Synchronize();
    }

    /// <summary>Lets pages come and go again. Nobody has to be waited for: who was refused stays so.</summary>
    public void Unfreeze() => _isFrozen = false;

    /// <summary>Marks pages whose memory is broken.</summary>
    public void Poison(IEnumerable<long> pages) => _poisoned = [.. pages];

    /// <summary>Tells whether a page is there.</summary>
    public bool IsPresent(long page) =>
        LibC.lseek(File.Fd, page << PhysicalMemory.PageShift, FsHeader.SEEK_DATA) == page << PhysicalMemory.PageShift;

    /// <summary>Finds all pages that are there.</summary>
    public List<PageRun> FindPresent()
    {
        var runs = new List<PageRun>();
        for (long at = 0; at < Size;)
        {
            long data = LibC.lseek(File.Fd, at, FsHeader.SEEK_DATA);
            if (data < 0)
            {
                break;
            }

            // The end of the file is a hole.
            at = LibC.lseek(File.Fd, data, FsHeader.SEEK_HOLE);
            runs.Add(new PageRun(data >> PhysicalMemory.PageShift, at >> PhysicalMemory.PageShift));
        }

        return runs;
    }

    /// <summary>Tells whether a page's memory is broken.</summary>
    public bool IsPoisoned(long page) => _poisoned?.Contains(page) == true;

    /// <summary>Answers the guest's load from one page (kvm_gmem_get_pfn): 0, EPERM for a page that may not come into being,
    /// EHWPOISON, ENOMEM.</summary>
    /// <remarks>Called inside the gate.</remarks>
    public unsafe int Read(long page, int offset, Span<byte> buffer)
    {
        int error = IsPoisoned(page) ? Refused.EHWPOISON : IsPresent(page) ? 0 : Admit();
        if (error == 0 && !IsPresent(page))
        {
            error = Populate(new PageRun(page, page + 1));
        }

        if (error != 0)
        {
            return error;
        }

        // SAFETY: pinned for the call, which writes no more than the span's length.
        fixed (byte* pointer = buffer)
        {
            return LibC.pread(File.Fd, pointer, buffer.Length, (page << PhysicalMemory.PageShift) + offset) < 0
                ? SystemCall.LastError
                : 0;
        }
    }

    /// <summary>Answers the guest's store to one page, as <see cref="Read"/> does.</summary>
    /// <remarks>
    /// Called inside the gate, so that a page that was found in a frozen file is still there: before it can be freed, and the file frozen
    /// again, that freeze waits for this reader.
    /// </remarks>
    public unsafe int Write(long page, int offset, ReadOnlySpan<byte> buffer)
    {
        int error = IsPoisoned(page) ? Refused.EHWPOISON : Admit();
        if (error == Refused.EPERM && IsPresent(page))
        {
            error = 0;
        }

        if (error != 0)
        {
            return error;
        }

        // SAFETY: pinned for the call, which reads no more than the span's length.
        fixed (byte* pointer = buffer)
        {
            return LibC.pwrite(File.Fd, pointer, buffer.Length, (page << PhysicalMemory.PageShift) + offset) < 0
                ? SystemCall.LastError
                : 0;
        }
    }

    /// <summary>Allocates or frees pages (kvm_gmem_fallocate), its arguments being good: 0, EPERM, EINVAL beyond the end, ENOMEM.</summary>
    /// <remarks>Called inside the gate. That EPERM comes before the look at the end is a guess:
    /// the review speaks of the range's alignment.</remarks>
    public int Allocate(bool punch, long offset, long length)
    {
        int error = Admit();
        if (error != 0)
        {
            return error;
        }

        var run = new PageRun(offset >> PhysicalMemory.PageShift, (offset + length) >> PhysicalMemory.PageShift);
        if (!punch)
        {
            return offset + length > Size ? Refused.EINVAL : Populate(run);
        }

        const int Punch = FallocHeader.FALLOC_FL_PUNCH_HOLE | FallocHeader.FALLOC_FL_KEEP_SIZE;
        if (LibC.fallocate(File.Fd, Punch, offset, length) < 0)
        {
            return SystemCall.LastError;
        }

        if (_poisoned is { } poisoned)
        {
            HashSet<long> left = [.. poisoned.Where(page => page < run.First || page >= run.End)];
            _poisoned = left.Count == 0 ? null : left;
        }

        return 0;
    }

    private int Admit()
    {
        if (_isFrozen)
        {
            return Refused.EPERM;
        }

        Admitted?.Invoke();
        return 0;
    }

    private int Populate(PageRun run) => HoleFiller.Populate(
        File.Fd, run.First << PhysicalMemory.PageShift, Math.Min(Size, run.End << PhysicalMemory.PageShift));
}
