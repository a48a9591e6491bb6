namespace LuoInterop.Emulation.Kho;

/// <summary>Hands out page frames, and knows when the kernel's memory is short: the page and the slab allocator.</summary>
/// <remarks>
/// Single frames come from a stack that is filled 512 at a time, so that they cost no search (pcp lists of
/// mm/page_alloc.c); runs come from the free extents. Not safe for use from several threads at once.
/// </remarks>
internal sealed class PageFrames(PhysicalMemory memory, FaultInjection faults)
{
    private const ulong Batch = 512;

    private readonly Stack<ulong> _singles = new();
    private readonly List<(ulong First, ulong Count)> _free = [];

    /// <summary>Gets the number of frames that are free.</summary>
    public ulong FreeCount
    {
        get
        {
            ulong count = (ulong)_singles.Count;
            foreach ((_, ulong free) in _free)
            {
                count += free;
            }

            return count;
        }
    }

    /// <summary>Gives frames to the allocator.</summary>
    public void Free(ulong first, ulong count)
    {
        int index = Find(first);
        bool joinsPrevious = index > 0 && _free[index - 1].First + _free[index - 1].Count == first;
        bool joinsNext = index < _free.Count && first + count == _free[index].First;
        if (joinsPrevious && joinsNext)
        {
            _free[index - 1] = (_free[index - 1].First, _free[index - 1].Count + count + _free[index].Count);
            _free.RemoveAt(index);
        }
        else if (joinsPrevious)
        {
            _free[index - 1] = (_free[index - 1].First, _free[index - 1].Count + count);
        }
        else if (joinsNext)
        {
            _free[index] = (first, count + _free[index].Count);
        }
        else
        {
            _free.Insert(index, (first, count));
        }
    }

    /// <summary>Allocates consecutive frames, without pages in them.</summary>
    /// <param name="count">The number of frames.</param>
    /// <param name="alignment">A power of two that the first frame is a multiple of.</param>
    /// <param name="first">The first frame.</param>
    /// <returns>False when no run is long enough.</returns>
    public bool TryAllocate(ulong count, ulong alignment, out ulong first)
    {
        first = 0;
        return !faults.FailsAllocation(AllocationKind.Page) && TryTake(count, alignment, out first);
    }

    /// <summary>Takes a run of frames that is as long as it is aligned, the highest there is, as memblock does at boot.</summary>
    /// <param name="count">The number of frames, a power of two.</param>
    /// <param name="isAllowed">Tells whether the run that begins at a frame may be taken.</param>
    /// <param name="first">The first frame.</param>
    /// <returns>False when there is none. No fault meets it: there is no page allocator yet.</returns>
    public bool TryTakeHighest(ulong count, Predicate<ulong> isAllowed, out ulong first)
    {
        for (int i = _free.Count - 1; i >= 0; i--)
        {
            (ulong start, ulong length) = _free[i];
            for (ulong end = (start + length) & ~(count - 1); end >= count && end - count >= start; end -= count)
            {
                first = end - count;
                if (isAllowed(first))
                {
                    Cut(i, first, count);
                    return true;
                }
            }
        }

        first = 0;
        return false;
    }

    /// <summary>Allocates a small object (kmalloc), which takes no frame here: false when memory is short.</summary>
    public bool TryAllocateSmall() => !faults.FailsAllocation(AllocationKind.Slab);

    /// <summary>Allocates one zeroed page (get_zeroed_page).</summary>
    /// <returns>Its physical address, or 0 when memory is short.</returns>
    public ulong AllocatePage()
    {
        if (faults.FailsAllocation(AllocationKind.Page))
        {
            return 0;
        }

        if (!_singles.TryPop(out ulong pfn))
        {
            if (!TryTake(Batch, Batch, out ulong first))
            {
                return TryTake(1, 1, out pfn) ? Populate(pfn) : 0;
            }

            for (ulong i = Batch - 1; i > 0; i--)
            {
                _singles.Push(first + i);
            }

            pfn = first;
        }

        return Populate(pfn);
    }

    /// <summary>Allocates zeroed pages in one aligned run.</summary>
    /// <param name="order">The run has <c>1 &lt;&lt; order</c> pages.</param>
    /// <returns>Its physical address, or 0 when memory is short.</returns>
    public ulong AllocatePages(int order)
    {
        if (order == 0)
        {
            return AllocatePage();
        }

        ulong count = 1UL << order;
        if (!TryAllocate(count, count, out ulong first))
        {
            return 0;
        }

        for (ulong i = 0; i < count; i++)
        {
            memory.Populate(first + i);
        }

        return first << PhysicalMemory.PageShift;
    }

    /// <summary>Frees what <see cref="AllocatePages"/> returned, or a run that was restored from a handover.</summary>
    public void FreePages(ulong address, int order)
    {
        for (ulong i = 0; i < 1UL << order; i++)
        {
            FreePage(address + (i << PhysicalMemory.PageShift));
        }
    }

    /// <summary>Frees a page that <see cref="AllocatePage"/> returned, or that was restored from a handover.</summary>
    public void FreePage(ulong address)
    {
        ulong pfn = address >> PhysicalMemory.PageShift;
        memory.Depopulate(pfn);
        _singles.Push(pfn);
    }

    private bool TryTake(ulong count, ulong alignment, out ulong first)
    {
        for (int i = 0; i < _free.Count; i++)
        {
            (ulong start, ulong length) = _free[i];
            first = (start + alignment - 1) & ~(alignment - 1);
            ulong before = first - start;
            if (before > length || length - before < count)
            {
                continue;
            }

            Cut(i, first, count);
            return true;
        }

        first = 0;
        return false;
    }

    // Takes a run out of an extent that holds it.
    private void Cut(int index, ulong first, ulong count)
    {
        (ulong start, ulong length) = _free[index];
        ulong before = first - start;
        ulong after = length - before - count;
        if (after > 0)
        {
            _free[index] = (first + count, after);
            if (before > 0)
            {
                _free.Insert(index, (start, before));
            }
        }
        else if (before > 0)
        {
            _free[index] = (start, before);
        }
        else
        {
            _free.RemoveAt(index);
        }
    }

    private ulong Populate(ulong pfn)
    {
        memory.Populate(pfn);
        return pfn << PhysicalMemory.PageShift;
    }

    // The index of the first extent that begins after a frame.
    private int Find(ulong pfn)
    {
        int low = 0;
        int high = _free.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_free[middle].First > pfn)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}
