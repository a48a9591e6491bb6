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

    // Order of the piece that begins at a page, for pages that are no folios: page->private.
    private readonly Dictionary<ulong, int> _preservedPages;

    private KhoRadixTree? _tree;
    private KhoRootFdt? _fdt;

    internal KexecHandover(
        PhysicalMemory memory,
        PageFrames frames,
        KhoScratch[] scratch,
        KhoTree? incoming,
        ulong incomingFdt,
        Dictionary<ulong, int> preservedPages)
    {
        _memory = memory;
        _frames = frames;
        _scratch = scratch;
        _incoming = incoming;
        IncomingFdt = incomingFdt;
        _preservedPages = preservedPages;
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
    /// <returns>False when memory is short: KHO is off then, and the boot goes on.</returns>
    public bool TryInitialize()
    {
        ulong root = _frames.AllocatePage();
        if (root == 0)
        {
            return false;
        }

        _tree = new KhoRadixTree(_memory, root, _frames.AllocatePage, _frames.FreePage);
        OutgoingFdt = AllocatePreserved();
        if (OutgoingFdt == 0)
        {
            Disable();
            return false;
        }

        _fdt = new KhoRootFdt(root);
        WriteFdt();
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

        foreach (ulong node in _tree!.Nodes().ToArray())
        {
            _frames.FreePage(node);
        }

        _tree = null;
        _fdt = null;
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

    /// <summary>Takes a single page out of the previous kernel's preservation (kho_restore_pages).</summary>
    /// <returns>False when no preserved piece of one page begins here.</returns>
    public bool TryRestorePage(ulong address) => _preservedPages.Remove(address, out int order) && order == 0;

    /// <summary>Frees a page of the previous kernel (kho_restore_free). One that was not preserved is left alone.</summary>
    public void RestoreFree(ulong address)
    {
        if (TryRestorePage(address))
        {
            _frames.FreePage(address);
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
    /// <param name="range">The file that holds it.</param>
    /// <returns>Its order, or -1 when no preserved folio begins here.</returns>
    public int RestoreFolio(ulong pfn, out FolioRange? range)
    {
        range = _memory.FindFolios(pfn);
        return range?.Restore(pfn) ?? -1;
    }

    /// <summary>Frees a range whose folios are all restored or given up.</summary>
    public void FreeFolios(FolioRange range)
    {
        _memory.Remove(range);
        _frames.Free(range.FirstPfn, range.PageCount);
        range.Dispose();
    }

    /// <summary>Does to a preserved folio what a fault asks for.</summary>
    /// <param name="range">The file that holds it.</param>
    /// <param name="page">A page of the file that it covers.</param>
    /// <param name="huge">Whether aligned runs of 2 MiB are one folio.</param>
    /// <param name="damage">What happens to it.</param>
    public void Damage(FolioRange range, ulong page, bool huge, FolioDamage damage)
    {
        ulong first = page & ~((1UL << HugeOrder) - 1);
        int order = FolioOrder(first, range.PageCount, huge);
        first = order == 0 ? page : first;
        if (damage == FolioDamage.NotPreserved)
        {
            _tree!.Remove((range.FirstPfn + first) << PhysicalMemory.PageShift, order);
            return;
        }

        for (ulong i = 0; i < 1UL << order; i++)
        {
            range.Damage(first + i, damage);
        }
    }

    /// <summary>Gets the pages of the tree of preserved pages: they stay when what they stand for is gone.</summary>
    public IEnumerable<ulong> TreeNodes => _tree?.Nodes() ?? [];

    /// <summary>Gets the order of the folio that a file's page begins.</summary>
    public static int FolioOrder(ulong page, ulong pages, bool huge) =>
        huge && (page & ((1UL << HugeOrder) - 1)) == 0 && pages - page >= 1UL << HugeOrder ? HugeOrder : 0;

    /// <summary>Writes the array of scratch areas where the image's segment is loaded, inside scratch (kho_fill_kimage).</summary>
    public KhoSetupData FillImage()
    {
        ulong address = _scratch[0].Address;
        Span<byte> page = _memory.Page(address >> PhysicalMemory.PageShift);
        if (page.IsEmpty)
        {
            _memory.Populate(address >> PhysicalMemory.PageShift);
            page = _memory.Page(address >> PhysicalMemory.PageShift);
        }

        for (int i = 0; i < _scratch.Length; i++)
        {
            _scratch[i].Write(page[(i * KhoScratch.Size)..]);
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

    private void WriteFdt() => _fdt!.ToArray().CopyTo(_memory.Structure(OutgoingFdt, PhysicalMemory.PageSize));
}
