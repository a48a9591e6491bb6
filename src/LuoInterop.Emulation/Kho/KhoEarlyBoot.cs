using LuoInterop.Kho;
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
    /// <param name="words">The kernel's command line.</param>
    /// <exception cref="EmulatedKernelPanicException">The tree of preserved pages is not in memory.</exception>
    public static KexecHandover Start(
        PhysicalMemory memory, FaultInjection faults, KhoSetupData? data, IReadOnlyList<string> words)
    {
        foreach (FolioRange range in memory.Folios)
        {
            range.ClearMarks();
        }

        KhoTree? incoming = data is { } found ? Populate(memory, found) : null;
        var preserved = new Dictionary<ulong, int>();
        KhoScratch[] scratch;
        if (incoming is not null)
        {
            scratch = ReadScratch(memory, data!.Value);
            Retrieve(memory, incoming.PreservedMemoryMap!.Value, preserved);
        }
        else
        {
            scratch = ScratchAreas.Place(ScratchAreas.Sizes(words), ScratchAreas.Alignment);
            ulong end = scratch[^1].Address + scratch[^1].Length;
            if (end >= memory.PageCount << PhysicalMemory.PageShift)
            {
                throw new EmulatedKernelPanicException("System is deadlocked on memory");
            }
        }

        DropAllBut(memory, preserved);
        PageFrames frames = FreeFrames(memory, faults, scratch, preserved);
        return new KexecHandover(
            memory, frames, scratch, incoming, incoming is null ? 0 : data!.Value.FdtAddress, preserved);
    }

    // kho_populate: a tree that is not sound or of another format is ignored, and all that was preserved is lost.
    private static KhoTree? Populate(PhysicalMemory memory, KhoSetupData data)
    {
        byte[] page = new byte[data.FdtSize];
        if (!memory.TryRead(data.FdtAddress, page))
        {
            return null;
        }

        try
        {
            KhoTree tree = KhoRootFdt.Read(KhoFdt.Read(page));
            return tree.Compatible == KhoRootFdt.KHO_FDT_COMPATIBLE && tree.PreservedMemoryMap is not (null or 0) ? tree : null;
        }
        catch (KhoFormatException)
        {
            // "handover FDT is invalid", "disabling KHO revival": the boot goes on.
            return null;
        }
    }

    private static KhoScratch[] ReadScratch(PhysicalMemory memory, KhoSetupData data)
    {
        var scratch = new KhoScratch[data.ScratchSize / KhoScratch.Size];
        for (int i = 0; i < scratch.Length; i++)
        {
            ulong address = data.ScratchAddress + (ulong)(i * KhoScratch.Size);
            scratch[i] = KhoScratch.Read(memory.Structure(address, KhoScratch.Size));
        }

        return scratch;
    }

    // kho_mem_retrieve: remembers at each piece's first page that it may be restored once, and its order.
    private static void Retrieve(PhysicalMemory memory, ulong root, Dictionary<ulong, int> preserved)
    {
        try
        {
            foreach ((ulong address, int order) in new KhoRadixTree(memory, root).Pieces())
            {
                ulong pfn = address >> PhysicalMemory.PageShift;
                if (memory.FindFolios(pfn) is { } range && range.Contains(pfn, 1UL << order))
                {
                    range.Mark(pfn, order);
                }
                else if (!memory.Page(pfn).IsEmpty)
                {
                    preserved[address] = order;
                }
            }
        }
        catch (KhoFormatException error) when (error.Error == KhoFormatError.Unreadable)
        {
            throw new EmulatedKernelPanicException($"BUG: unable to handle page fault. {error.Message}");
        }
    }

    private static void DropAllBut(PhysicalMemory memory, Dictionary<ulong, int> preserved)
    {
        var kept = new HashSet<ulong>();
        foreach ((ulong address, int order) in preserved)
        {
            for (ulong i = 0; i < 1UL << order; i++)
            {
                kept.Add((address >> PhysicalMemory.PageShift) + i);
            }
        }

        foreach (ulong pfn in memory.PopulatedPages())
        {
            if (!kept.Contains(pfn))
            {
                memory.Depopulate(pfn);
            }
        }

        for (int i = memory.Folios.Count - 1; i >= 0; i--)
        {
            FolioRange range = memory.Folios[i];
            if (!range.IsPreserved)
            {
                memory.Remove(range);
                range.Dispose();
            }
        }
    }

    private static PageFrames FreeFrames(
        PhysicalMemory memory, FaultInjection faults, KhoScratch[] scratch, Dictionary<ulong, int> preserved)
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

        foreach ((ulong address, int order) in preserved)
        {
            ulong pfn = address >> PhysicalMemory.PageShift;
            reserved.Add((pfn, pfn + (1UL << order)));
        }

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
