using LuoInterop.Emulation.Boot;
using LuoInterop.KernelImages;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Sorts out the memory that a kernel finds at its start (kho_populate, kho_memory_init of kexec_handover.c).</summary>
internal static class KhoEarlyBoot
{
    // The first MiB belongs to the firmware; scratch begins here.
    private const ulong LowMemory = 1 << 20;

    /// <summary>Keeps what the previous kernel preserved, frees all else, and lays out scratch where none is inherited.</summary>
    /// <param name="memory">The machine's memory.</param>
    /// <param name="faults">The faults that the kernel's allocations meet.</param>
    /// <param name="data">What the boot protocol tells of a handover; null without one.</param>
    /// <param name="parameters">The kernel's command line.</param>
    /// <param name="profile">The kernel's release.</param>
    /// <exception cref="EmulatedKernelPanicException">The map of preserved pages is not in memory.</exception>
    public static KexecHandover Start(
        PhysicalMemory memory, FaultInjection faults, KhoSetupData? data, IReadOnlyList<KernelParameter> parameters, KernelProfile profile)
    {
        foreach (FolioRange range in memory.Folios)
        {
            range.ClearMarks();
        }

        var preserved = new PreservedPieces(memory.PageCount);
        KhoScratch[] scratch = [];
        ulong map = data is { } found ? Populate(memory, found, profile.Kho, out scratch) : 0;
        if (map != 0)
        {
            Retrieve(memory, profile.Kho.Pieces(memory, map), preserved);
        }
        else
        {
            ulong[] sizes = ScratchAreas.Sizes(parameters);
            scratch = ScratchAreas.Fit(sizes, memory.PageCount << PhysicalMemory.PageShift)
                ? ScratchAreas.Place(sizes, ScratchAreas.Alignment)
                : [];
        }

        // Before the map of preserved memory is given up: its pages are in the way too.
        HashSet<ulong> busy = profile.HasHugeTlb && map != 0 ? BusyBlocks(memory, map, preserved) : [];
        DropAllBut(memory, preserved);
        PageFrames frames = FreeFrames(memory, faults, scratch, preserved);
        return new KexecHandover(
            memory, frames, scratch, map == 0 ? 0 : data!.Value.FdtAddress, preserved, profile) { BusyBlocks = busy };
    }

    // kho_extend_scratch: all other blocks of 1 GiB may be used as scratch is.
    private static HashSet<ulong> BusyBlocks(PhysicalMemory memory, ulong map, PreservedPieces preserved)
    {
        const int Shift = 30 - PhysicalMemory.PageShift;
        var busy = new HashSet<ulong>();
        foreach (ulong node in new KhoRadixTree(memory, map).Nodes())
        {
            busy.Add(node >> 30);
        }

        foreach (FolioRange range in memory.Folios)
        {
            if (range.IsPreserved)
            {
                Add(range.FirstPfn, range.FirstPfn + range.PageCount);
            }
        }

        foreach ((ulong first, ulong end) in preserved.Runs)
        {
            Add(first, end);
        }

        return busy;

        void Add(ulong first, ulong end)
        {
            for (ulong block = first >> Shift; block <= (end - 1) >> Shift; block++)
            {
                busy.Add(block);
            }
        }
    }

    // kho_populate: a tree that Linux cannot use, of another format or without a map is ignored, and all that was preserved is lost.
    private static ulong Populate(PhysicalMemory memory, KhoSetupData data, KhoFormat format, out KhoScratch[] scratch)
    {
        scratch = [];
        ulong map = LinuxFdt.CanMapEarly(data.FdtAddress, data.FdtSize)
            ? format.FindMap(LinuxFdt.Early(memory, data.FdtAddress, data.FdtSize))
            : 0;
        if (map == 0 || !LinuxFdt.CanMapEarly(data.ScratchAddress, data.ScratchSize))
        {
            return 0;
        }

        try
        {
            scratch = data.ReadScratch(memory);
        }
        catch (KhoFormatException)
        {
            // "disabling KHO revival": the boot goes on.
            return 0;
        }

        // All that the kernel allocates before it knows what is preserved comes from scratch.
        ulong end = memory.PageCount << PhysicalMemory.PageShift;
        if (scratch.Length == 0 || Array.Exists(scratch, area => area.Address >= end || area.Length > end - area.Address))
        {
            throw new EmulatedKernelPanicException("BUG: unable to handle page fault. A scratch area is not in memory.");
        }

        return map;
    }

    // kho_mem_retrieve: remembers at each piece's first page that it may be restored once, and its order.
    private static void Retrieve(
        PhysicalMemory memory, IEnumerable<(ulong Address, int Order)> pieces, PreservedPieces preserved)
    {
        try
        {
            foreach ((ulong address, int order) in pieces)
            {
                ulong pfn = address >> PhysicalMemory.PageShift;
                if (pfn >= memory.PageCount)
                {
                    // There is no struct page to be marked.
                    throw EmulatedKernelPanicException.PageFault(address);
                }

                if (memory.FindFolios(pfn) is { } range && range.Contains(pfn, 1UL << order))
                {
                    range.Mark(pfn, order);
                }
                else if (!memory.Page(pfn).IsEmpty && !memory.HasFolios(pfn, preserved.End(pfn, order)))
                {
                    preserved.Add(pfn, order);
                }
            }
        }
        catch (KhoFormatException error)
        {
            // Linux has no check here: it takes what it finds for tables and keys, and follows them out of memory.
            throw new EmulatedKernelPanicException($"BUG: unable to handle page fault. {error.Message}");
        }

        preserved.Seal();
    }

    private static void DropAllBut(PhysicalMemory memory, PreservedPieces preserved)
    {
        int run = 0;
        foreach (ulong pfn in memory.PopulatedPages())
        {
            while (run < preserved.Runs.Count && preserved.Runs[run].End <= pfn)
            {
                run++;
            }

            if (run == preserved.Runs.Count || preserved.Runs[run].First > pfn)
            {
                memory.Depopulate(pfn);
            }
        }

        foreach (FolioRange range in memory.Folios)
        {
            if (!range.IsPreserved)
            {
                memory.Remove(range);
                range.Dispose();
            }
        }
    }

    private static PageFrames FreeFrames(
        PhysicalMemory memory, FaultInjection faults, KhoScratch[] scratch, PreservedPieces preserved)
    {
        var reserved = new List<(ulong First, ulong End)> { (0, LowMemory >> PhysicalMemory.PageShift) };
        foreach (KhoScratch area in scratch)
        {
            reserved.Add((area.Address >> PhysicalMemory.PageShift, (area.Address + area.Length) >> PhysicalMemory.PageShift));
        }

        foreach (FolioRange range in memory.Folios)
        {
            reserved.Add((range.FirstPfn, range.FirstPfn + range.PageCount));
        }

        reserved.AddRange(preserved.Runs);
        reserved.Sort();
        var frames = new PageFrames(memory, faults);
        ulong free = 0;
        foreach ((ulong first, ulong end) in reserved)
        {
            if (first > free)
            {
                frames.Free(free, first - free);
            }

            free = Math.Max(free, end);
        }

        if (memory.PageCount > free)
        {
            frames.Free(free, memory.PageCount - free);
        }

        return frames;
    }
}
