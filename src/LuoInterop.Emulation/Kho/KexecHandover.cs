using System.Numerics;
using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Preserves pages for the next kernel, and restores those of the previous one (kernel/liveupdate/kexec_handover.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed partial class KexecHandover
{
    private readonly PhysicalMemory _memory;
    private readonly PageFrames _frames;
    private readonly KhoScratch[] _scratch;

    private readonly PreservedPieces _preserved;

    private readonly KernelProfile _profile;

    private PreservedMap? _map;
    private KhoRootFdt? _fdt;

    internal KexecHandover(
        PhysicalMemory memory,
        PageFrames frames,
        KhoScratch[] scratch,
        ulong incomingFdt,
        PreservedPieces preserved,
        KernelProfile profile)
    {
        _profile = profile;
        _memory = memory;
        _frames = frames;
        _scratch = scratch;
        IncomingFdt = incomingFdt;
        _preserved = preserved;
    }

    /// <summary>Gets the machine's memory.</summary>
    public PhysicalMemory Memory => _memory;

    /// <summary>Gets the page allocator.</summary>
    public PageFrames Frames => _frames;

    /// <summary>Gets the scratch areas.</summary>
    public IReadOnlyList<KhoScratch> Scratch => _scratch;

    /// <summary>Gets whether there is scratch memory; KHO is off without.</summary>
    public bool HasScratch => _scratch.Length > 0;

    /// <summary>Gets whether this kernel hands over (<c>kho=on</c>).</summary>
    public bool IsEnabled => _map is not null;

    /// <summary>Gets whether the map of preserved memory was written: always where nobody has to (kho_out.finalized).</summary>
    public bool IsFinalized { get; private set; }

    /// <summary>Gets whether an image that is loaded now hands over (kho_fill_kimage).</summary>
    public bool IsAttached => IsEnabled && (IsFinalized || _profile.Finalization != KhoFinalization.ByHand);

    /// <summary>Gets the blocks of 1 GiB that hold anything preserved, by number; empty where nobody asks (kho_extend_scratch).</summary>
    public IReadOnlySet<ulong> BusyBlocks { get; init; } = new HashSet<ulong>();

    /// <summary>Gets the address of the previous kernel's device tree; 0 when this is no KHO boot.</summary>
    public ulong IncomingFdt { get; }

    /// <summary>Enumerates the previous kernel's sub-trees that debugfs shows.</summary>
    public IEnumerable<(string? Name, ulong Address, ulong? Size)> IncomingSubtrees =>
        IncomingFdt == 0 ? [] : _profile.Kho.ListSubtrees(LinuxFdt.Direct(_memory, IncomingFdt));

    /// <summary>Gets the address of the own device tree.</summary>
    public ulong OutgoingFdt { get; private set; }

    /// <summary>Gets the own sub-trees, in the order of their registration.</summary>
    public List<(string Name, ulong Address, int Size)> OutgoingSubtrees { get; } = [];

    /// <summary>Sets up the outgoing side (kho_init).</summary>
    /// <returns>False when memory is short: KHO is off then, and the boot goes on.</returns>
    public bool TryInitialize()
    {
        _map = _profile.Kho.CreateMap(_memory, _frames);
        if (_map is null)
        {
            return false;
        }

        IsFinalized = _profile.Finalization == KhoFinalization.None;
        OutgoingFdt = _profile.Finalization == KhoFinalization.ByHand ? _frames.AllocatePage() : AllocatePreserved();
        if (OutgoingFdt == 0)
        {
            Disable();
            return false;
        }

        if (_profile.Finalization != KhoFinalization.ByHand)
        {
            _fdt = new KhoRootFdt(_map.Address, _profile.Kho.Compatible);
            WriteFdt();
        }

        return true;
    }

    /// <summary>Gives the outgoing side up (the error path of kho_init).</summary>
    public void Disable()
    {
        if (OutgoingFdt != 0)
        {
            UnpreserveFree(OutgoingFdt);
            OutgoingFdt = 0;
        }

        foreach (ulong page in _map!.Pages.ToArray())
        {
            _frames.FreePage(page);
        }

        _map = null;
        _fdt = null;
    }

    /// <summary>Writes the map of preserved memory into the tree (kho_finalize); again where the release allows it.</summary>
    /// <returns>0, ENOMEM, or EEXIST where it is done once.</returns>
    public int Complete()
    {
        if (_profile.Finalization == KhoFinalization.None)
        {
            return 0;
        }

        if (_profile.Finalization == KhoFinalization.ByHand)
        {
            if (IsFinalized)
            {
                return Refused.EEXIST;
            }

            if (_map!.Add(OutgoingFdt, 0) != Errno.None || _map.Serialize() != Errno.None)
            {
                _map.Clear();
                return Refused.ENOMEM;
            }

            _fdt = new KhoRootFdt(_map.Address, _profile.Kho.Compatible);
        }
        else if (_map!.Serialize() != Errno.None)
        {
            return Refused.ENOMEM;
        }
        else
        {
            _fdt!.SetMemoryMap(_map.Address);
        }

        WriteFdt();
        IsFinalized = true;
        return 0;
    }

    /// <summary>Takes <see cref="Complete"/> back, and all preservation with it (kho_abort of Linux 6.18): 0, or ENOENT.</summary>
    public int Abort()
    {
        if (!IsFinalized)
        {
            return Refused.ENOENT;
        }

        _map!.Clear();
        IsFinalized = false;
        return 0;
    }

    /// <summary>Gets the bytes that the own device tree has now.</summary>
    public int OutgoingFdtSize => _fdt?.ToArray().Length ?? 0;

    /// <summary>Publishes a blob to the next kernel (kho_add_subtree).</summary>
    /// <returns>0 or <c>-errno</c>.</returns>
    public int AddSubtree(string name, ulong address, int size)
    {
        Errno error = _fdt!.AddSubtree(name, address, (ulong)size);
        if (error == Errno.None)
        {
            WriteFdt();
            OutgoingSubtrees.Add((name, address, size));
        }

        return -(int)error;
    }

    /// <summary>Finds a blob of the previous kernel (kho_retrieve_subtree); its size is 0 in a form that names none.</summary>
    /// <returns>0, ENOENT, or EINVAL when a property is missing.</returns>
    public int RetrieveSubtree(string name, out ulong address, out ulong size)
    {
        address = 0;
        size = 0;
        return IncomingFdt == 0 ? Refused.ENOENT
            : _profile.Kho.FindSubtree(LinuxFdt.Direct(_memory, IncomingFdt), name, out address, out size);
    }

    /// <summary>Allocates, zeroes and preserves pages in one run (kho_alloc_preserve).</summary>
    /// <returns>The address, or 0 when memory is short.</returns>
    public ulong AllocatePreserved(int order = 0)
    {
        ulong address = _frames.AllocatePages(order);
        if (address != 0 && _map!.Add(address, order) != Errno.None)
        {
            _frames.FreePages(address, order);
            return 0;
        }

        return address;
    }

    /// <summary>Undoes <see cref="AllocatePreserved"/> (kho_unpreserve_free).</summary>
    public void UnpreserveFree(ulong address, int order = 0)
    {
        _map!.Remove(address, order);
        _frames.FreePages(address, order);
    }

    /// <summary>Takes a page out of the previous kernel's preservation (kho_restore_pages, which does not look at the order).</summary>
    /// <returns>False when no preserved piece of plain pages begins here.</returns>
    public bool TryRestorePage(ulong address) => _preserved.Restore(address >> PhysicalMemory.PageShift) >= 0;

    /// <summary>Frees a piece of the previous kernel (kho_restore_free). One that was not preserved is left alone.</summary>
    public void RestoreFree(ulong address)
    {
        ulong pfn = address >> PhysicalMemory.PageShift;
        int order = _preserved.Restore(pfn);
        if (order >= 0)
        {
            FreeRestored(pfn, order);
        }
    }

    /// <summary>Gives a host file page frames, preserved as folios.</summary>
    /// <param name="file">The file; owned by the range on success.</param>
    /// <param name="pages">The number of its pages.</param>
    /// <param name="largest">The largest order of a folio.</param>
    /// <param name="filePage">The page of the file that the first frame is.</param>
    /// <returns>The range, or null when memory is short.</returns>
    public FolioRange? PreserveFolios(HostFile file, ulong pages, int largest, ulong filePage = 0)
    {
        if (!_frames.TryAllocate(pages, 1UL << FolioOrder(0, pages, largest), out ulong first))
        {
            return null;
        }

        var range = new FolioRange(first, pages, file, filePage, largest);
        if (!TryPreserve(range, largest))
        {
            _frames.Free(first, pages);
            return null;
        }

        _memory.Add(range);
        return range;
    }

    /// <summary>Preserves folios once more, which changes nothing where they still are.</summary>
    /// <returns>False when memory is short; then none of them is preserved.</returns>
    public bool TryPreserve(FolioRange range, int largest)
    {
        for (ulong done = 0; done < range.PageCount;)
        {
            int order = FolioOrder(done, range.PageCount, largest);
            if (_map!.Add((range.FirstPfn + done) << PhysicalMemory.PageShift, order) != Errno.None)
            {
                Unpreserve(range, done, largest);
                return false;
            }

            done += 1UL << order;
        }

        return true;
    }

    /// <summary>Undoes <see cref="PreserveFolios"/> but for the memory, which <see cref="FreeFolios"/> gives up.</summary>
    public void UnpreserveFolios(FolioRange range, int largest) => Unpreserve(range, range.PageCount, largest);

    /// <summary>Takes a folio out of the previous kernel's preservation (kho_restore_folio).</summary>
    /// <param name="pfn">Its first frame.</param>
    /// <param name="range">The file that holds it; null for one of plain pages.</param>
    /// <returns>Its order, or -1 when no preserved folio begins here.</returns>
    public int RestoreFolio(ulong pfn, out FolioRange? range)
    {
        range = _memory.FindFolios(pfn);
        return range?.Restore(pfn) ?? _preserved.Restore(pfn);
    }

    /// <summary>Frees a restored folio; the file that holds it goes with its last one (folio_put).</summary>
    public void PutFolio(ulong pfn, int order, FolioRange? range)
    {
        if (range is null)
        {
            FreeRestored(pfn, order);
        }
        else if (!range.IsPreserved)
        {
            FreeFolios(range);
        }
    }

    /// <summary>Frees a range whose folios are all restored or given up.</summary>
    public void FreeFolios(FolioRange range)
    {
        _memory.Remove(range);
        _frames.Free(range.FirstPfn, range.PageCount);
        range.Dispose();
    }

    /// <summary>Gets the pages of the map of preserved memory itself: they stay when what they stand for is gone.</summary>
    public IEnumerable<ulong> MapPages => _map?.Pages ?? [];

    /// <summary>Gets the order of the folio that a file's page begins: the largest that is aligned, and lies inside the file.</summary>
    public static int FolioOrder(ulong page, ulong pages, int largest) =>
        Math.Min(Math.Min(largest, BitOperations.TrailingZeroCount(page)), BitOperations.Log2(pages - page));

    /// <summary>Writes the array of scratch areas where the image's segment is loaded, inside scratch (kho_fill_kimage).</summary>
    /// <remarks>What lies there is overwritten: where a broken handover says that scratch is, Linux loads its image too.</remarks>
    public KhoSetupData FillImage()
    {
        ulong address = _scratch[0].Address & ~(PhysicalMemory.PageSize - 1UL);
        for (int i = 0; i < _scratch.Length; i++)
        {
            ulong entry = address + (ulong)(i * KhoScratch.Size);
            if (_memory.Page(entry >> PhysicalMemory.PageShift).IsEmpty)
            {
                _memory.Populate(entry >> PhysicalMemory.PageShift);
            }

            _scratch[i].Write(_memory.Structure(entry, KhoScratch.Size));
        }

        return new KhoSetupData(OutgoingFdt, PhysicalMemory.PageSize, address, (ulong)(_scratch.Length * KhoScratch.Size));
    }

    private void Unpreserve(FolioRange range, ulong pages, int largest)
    {
        for (ulong done = 0; done < pages;)
        {
            int order = FolioOrder(done, range.PageCount, largest);
            _map!.Remove((range.FirstPfn + done) << PhysicalMemory.PageShift, order);
            done += 1UL << order;
        }
    }

    private void FreeRestored(ulong pfn, int order)
    {
        if (order == 0)
        {
            _frames.FreePage(pfn << PhysicalMemory.PageShift);
            return;
        }

        ulong end = _preserved.End(pfn, order);
        _memory.Depopulate(pfn, end);
        _frames.Free(pfn, end - pfn);
    }

    private void WriteFdt() => _fdt!.ToArray().CopyTo(_memory.Structure(OutgoingFdt, PhysicalMemory.PageSize));
}
