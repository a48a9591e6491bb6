using LuoInterop.Emulation.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Preserves pages for the next kernel, and restores those of the previous one (kernel/liveupdate/kexec_handover.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class KexecHandover
{
    private const int HugeOrder = 9;

    private readonly PhysicalMemory _memory;
    private readonly PageFrames _frames;
    private readonly KhoScratch[] _scratch;
    private readonly KhoTree? _incoming;

    private readonly PreservedPieces _preserved;

    private KhoRadixTree? _tree;
    private KhoRootFdt? _fdt;

    internal KexecHandover(
        PhysicalMemory memory,
        PageFrames frames,
        KhoScratch[] scratch,
        KhoTree? incoming,
        ulong incomingFdt,
        PreservedPieces preserved)
    {
        _memory = memory;
        _frames = frames;
        _scratch = scratch;
        _incoming = incoming;
        IncomingFdt = incomingFdt;
        _preserved = preserved;
    }

    /// <summary>Gets the machine's memory.</summary>
    public PhysicalMemory Memory => _memory;

    /// <summary>Gets the page allocator.</summary>
    public PageFrames Frames => _frames;

    /// <summary>Gets the scratch areas.</summary>
    public IReadOnlyList<KhoScratch> Scratch => _scratch;

    /// <summary>Gets whether this kernel hands over (<c>kho=on</c>).</summary>
    public bool IsEnabled => _tree is not null;

    /// <summary>Gets the address of the previous kernel's device tree; 0 when this is no KHO boot.</summary>
    public ulong IncomingFdt { get; }

    /// <summary>Gets the previous kernel's sub-trees.</summary>
    public IReadOnlyList<KhoSubTree> IncomingSubtrees => _incoming?.SubTrees ?? [];

    /// <summary>Gets the address of the own device tree.</summary>
    public ulong OutgoingFdt { get; private set; }

    /// <summary>Gets the own sub-trees, in the order of their registration.</summary>
    public List<(string Name, ulong Address, int Size)> OutgoingSubtrees { get; } = [];

    /// <summary>Sets up the outgoing side (kho_init, fs_initcall).</summary>
    public void Initialize()
    {
        ulong root = _frames.AllocatePage();
        if (root == 0)
        {
            throw new EmulatedKernelPanicException("Out of memory and no killable processes...");
        }

        _tree = new KhoRadixTree(_memory, root, _frames.AllocatePage);
        OutgoingFdt = AllocatePreserved();
        if (OutgoingFdt == 0)
        {
            throw new EmulatedKernelPanicException("Out of memory and no killable processes...");
        }

        _fdt = new KhoRootFdt(root);
        WriteFdt();
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

    /// <summary>Finds a blob of the previous kernel (kho_retrieve_subtree).</summary>
    /// <returns>0, ENOENT, or EINVAL when a property is missing.</returns>
    public int RetrieveSubtree(string name, out ulong address, out ulong size)
    {
        address = 0;
        size = 0;
        foreach (KhoSubTree subtree in IncomingSubtrees)
        {
            if (subtree.Name != name)
            {
                continue;
            }

            address = subtree.PreservedData ?? 0;
            size = subtree.BlobSize ?? 0;
            return subtree.PreservedData is null || subtree.BlobSize is null ? Refused.EINVAL : 0;
        }

        return Refused.ENOENT;
    }

    /// <summary>Allocates, zeroes and preserves a page (kho_alloc_preserve).</summary>
    /// <returns>Its address, or 0 when memory is short.</returns>
    public ulong AllocatePreserved()
    {
        ulong address = _frames.AllocatePage();
        if (address != 0 && _tree!.Add(address, 0) != Errno.None)
        {
            _frames.FreePage(address);
            return 0;
        }

        return address;
    }

    /// <summary>Undoes <see cref="AllocatePreserved"/> (kho_unpreserve_free).</summary>
    public void UnpreserveFree(ulong address)
    {
        _tree!.Remove(address, 0);
        _frames.FreePage(address);
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
    /// <param name="huge">Whether aligned runs of 2 MiB are one folio (order 9).</param>
    /// <returns>The range, or null when memory is short.</returns>
    public FolioRange? PreserveFolios(HostFile file, ulong pages, bool huge)
    {
        if (!_frames.TryAllocate(pages, pages < 1UL << HugeOrder ? 1 : 1UL << HugeOrder, out ulong first))
        {
            return null;
        }

        var range = new FolioRange(first, pages, file);
        for (ulong done = 0; done < pages;)
        {
            int order = FolioOrder(done, pages, huge);
            if (_tree!.Add((first + done) << PhysicalMemory.PageShift, order) != Errno.None)
            {
                RemoveKeys(range, done, huge);
                _frames.Free(first, pages);
                return null;
            }

            done += 1UL << order;
        }

        _memory.Add(range);
        return range;
    }

    /// <summary>Undoes <see cref="PreserveFolios"/>, and drops the reference to the file.</summary>
    public void UnpreserveFolios(FolioRange range, bool huge)
    {
        RemoveKeys(range, range.PageCount, huge);
        FreeFolios(range);
    }

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

    /// <summary>Gets the order of the folio that a file's page begins.</summary>
    public static int FolioOrder(ulong page, ulong pages, bool huge) =>
        huge && (page & ((1UL << HugeOrder) - 1)) == 0 && pages - page >= 1UL << HugeOrder ? HugeOrder : 0;

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

    private void RemoveKeys(FolioRange range, ulong pages, bool huge)
    {
        for (ulong done = 0; done < pages;)
        {
            int order = FolioOrder(done, range.PageCount, huge);
            _tree!.Remove((range.FirstPfn + done) << PhysicalMemory.PageShift, order);
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
