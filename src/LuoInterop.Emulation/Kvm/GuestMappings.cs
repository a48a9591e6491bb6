using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Keeps the mappings of guest_memfds that the kernel handed out, and keeps pages from coming into being through them.</summary>
/// <remarks>
/// The host's file allocates at a touch. What Linux refuses by SIGBUS is refused here by taking the access rights of the pages that are
/// not there: SIGSEGV, and EFAULT in a system call as on Linux. Guarded by the running kernel's lock.
/// </remarks>
internal sealed unsafe class GuestMappings
{
    private readonly List<GuestMapping> _mappings = [];

    public int Count => _mappings.Count;

    /// <summary>Gets or sets what is told that a freeze has seen which pages are there, and is about to close the holes;
    /// for tests.</summary>
    public Action? Looked { get; set; }

    /// <summary>Takes a new mapping, whose pages nobody has touched: 0,
    /// or the <c>-errno</c> with which its holes cannot be closed.</summary>
    public int Add(GuestMapping mapping)
    {
        int error = mapping.Protection != LibC.PROT_NONE && mapping.File.Inode.IsFrozen
            ? Close(mapping, mapping.File.Inode.FindPresent())
            : 0;
        if (error == 0)
        {
            mapping.File.Get();
            _mappings.Add(mapping);
        }

        return error;
    }

    /// <summary>Tells whether an address range belongs to a mapping.</summary>
    public bool Overlaps(nint address, nuint length) => _mappings.Exists(mapping => IsHit(mapping, address, length));

    /// <summary>Finds the mapping that an address belongs to, or null.</summary>
    public GuestMapping? Find(nint address) => _mappings.Find(mapping => address >= mapping.Address && address < mapping.End);

    /// <summary>Forgets a range of addresses that is unmapped.</summary>
    public void Remove(nint address, nuint length)
    {
        nint end = address + (nint)((length + PhysicalMemory.PageSize - 1) & ~(nuint)(PhysicalMemory.PageSize - 1));
        foreach (GuestMapping mapping in _mappings.Where(mapping => IsHit(mapping, address, length)).ToArray())
        {
            _mappings.Remove(mapping);
            Keep(mapping, mapping.Address, address);
            Keep(mapping, end, mapping.End);
            if (mapping.Process is not null)
            {
                mapping.File.Put();
            }
        }
    }

    /// <summary>Drops the references of a process that has exited. Its mappings stay in this process, and stay closed.</summary>
    public void Leave(FileDescriptorTable process)
    {
        for (int i = 0; i < _mappings.Count; i++)
        {
            if (_mappings[i] is { } mapping && mapping.Process == process)
            {
                _mappings[i] = mapping with { Process = null };
                mapping.File.Put();
            }
        }
    }

    /// <summary>Keeps pages of a frozen file from coming into being, now that nothing but a mapping can make one.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="present">The pages that are there, and stay the only ones.</param>
    /// <returns>0, or the host's <c>-errno</c>, with all mappings open again: ENOMEM for more pieces than a process can have.</returns>
    public int Protect(GuestMemfdInode inode, out List<PageRun> present)
    {
        List<PageRun> before = inode.FindPresent();
        Looked?.Invoke();
        int error = 0;
        foreach (GuestMapping mapping in Of(inode))
        {
            error = error == 0 ? Close(mapping, before) : error;
        }

        // What came into being while the holes were closed is a page like any other; no more can come now.
        present = inode.FindPresent();
        List<PageRun> late = PageRun.Except(present, before);
        foreach (GuestMapping mapping in Of(inode))
        {
            error = error == 0 ? Set(mapping, late, mapping.Protection) : error;
        }

        if (error != 0)
        {
            Lift(inode);
        }

        return error;
    }

    /// <summary>Undoes <see cref="Protect"/>.</summary>
    public void Lift(GuestMemfdInode inode)
    {
        foreach (GuestMapping mapping in Of(inode))
        {
            // Joining pieces needs no memory that the host could lack; what it refuses stays closed, which is safe.
            _ = Set(mapping, [mapping.Pages], mapping.Protection);
        }
    }

    private static int Close(GuestMapping mapping, List<PageRun> present) =>
        Set(mapping, PageRun.Except([mapping.Pages], present), LibC.PROT_NONE);

    private static int Set(GuestMapping mapping, IReadOnlyList<PageRun> runs, int protection)
    {
        foreach (PageRun run in runs)
        {
            PageRun part = run.Within(mapping.Pages);
            if (part.Count > 0
                && LibC.mprotect((void*)mapping.AddressOf(part.First), (size_t)((ulong)part.Count << PhysicalMemory.PageShift), protection)
                    < 0)
            {
                return SystemCall.LastError;
            }
        }

        return 0;
    }

    private static bool IsHit(GuestMapping mapping, nint address, nuint length) =>
        address < mapping.End && (ulong)mapping.Address < (ulong)address + length;

    private IEnumerable<GuestMapping> Of(GuestMemfdInode inode) =>
        _mappings.Where(mapping => mapping.File.Inode == inode && mapping.Protection != LibC.PROT_NONE);

    private void Keep(GuestMapping whole, nint from, nint to)
    {
        if (from >= to || from >= whole.End || to <= whole.Address)
        {
            return;
        }

        if (whole.Process is not null)
        {
            whole.File.Get();
        }

        _mappings.Add(whole with
        {
            Address = from,
            Length = to - from,
            FirstPage = whole.FirstPage + ((from - whole.Address) >> PhysicalMemory.PageShift),
        });
    }
}
