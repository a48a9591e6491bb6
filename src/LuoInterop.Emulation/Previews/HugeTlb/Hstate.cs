using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>A pool of huge pages of one size (<c>struct hstate</c>, mm/hugetlb.c of Linux 7.3).</summary>
/// <remarks>
/// A page is an aligned run of page frames, known by its first; it costs no memory of the host. Of the pages in the pool those
/// that are not free belong to files. Not safe for use from several threads at once: the running kernel's lock guards it.
/// </remarks>
internal sealed class Hstate
{
    // MAX_PAGE_ORDER of x86: what is larger the buddy allocator does not have (hstate_is_gigantic).
    private const int MaxPageOrder = 10;

    private readonly PageFrames _frames;
    private readonly Stack<ulong> _free = new();
    private readonly HashSet<ulong> _active = [];

    public Hstate(int order, PageFrames frames)
    {
        Order = order;
        _frames = frames;
    }

    /// <summary>Gets the order of the pages: 9 is 2 MiB, 18 is 1 GiB.</summary>
    public int Order { get; }

    /// <summary>Gets the size of a page in bytes.</summary>
    public long PageSize => (long)PhysicalMemory.PageSize << Order;

    /// <summary>Gets the number of page frames of a page.</summary>
    public ulong FrameCount => 1UL << Order;

    /// <summary>Gets the name of the pool's folder in sysfs.</summary>
    public string Name => $"hugepages-{PageSize >> 10}kB";

    /// <summary>Gets the size as the kernel log says it (string_get_size).</summary>
    public string SizeText => PageSize >= 1 << 30 ? $"{PageSize >> 30}.00 GiB" : $"{PageSize >> 20}.00 MiB";

    /// <summary>Gets whether the pages come from memblock at boot, and from a search for a range later.</summary>
    public bool IsGigantic => Order > MaxPageOrder;

    /// <summary>Gets or sets how many pages the pool is meant to have (max_huge_pages).</summary>
    public ulong MaxHugePages { get; set; }

    /// <summary>Gets the pages of the pool (nr_huge_pages).</summary>
    public ulong NrHugePages => (ulong)(_free.Count + _active.Count);

    /// <summary>Gets the pages that no file has (free_huge_pages).</summary>
    public ulong FreeHugePages => (ulong)_free.Count;

    /// <summary>Gets the free pages that mappings will use (resv_huge_pages).</summary>
    public ulong ResvHugePages { get; private set; }

    /// <summary>Gets the pages above the persistent ones (surplus_huge_pages).</summary>
    public ulong SurplusHugePages { get; private set; }

    /// <summary>Gets or sets how many surplus pages there may be (nr_overcommit_huge_pages).</summary>
    public ulong NrOvercommitHugePages { get; set; }

    /// <summary>Gets or sets the pages that were announced by the previous kernel when this one booted.</summary>
    public ulong FromLiveUpdate { get; set; }

    /// <summary>Gets or sets the pages that a failed retrieve left to nobody, on purpose.</summary>
    public ulong Leaked { get; set; }

    /// <summary>Gets the cgroup's counters of this size.</summary>
    public HugeTlbCgroup Cgroup { get; } = new();

    /// <summary>Gets the first frames of the pages that files have.</summary>
    public IEnumerable<ulong> ActivePages => _active;

    /// <summary>Gets the first frames of the free pages.</summary>
    public IEnumerable<ulong> FreePages => _free;

    private ulong PersistentHugePages => NrHugePages - SurplusHugePages;

    /// <summary>Takes a page into the pool that no file has (prep_and_add_allocated_folios).</summary>
    public void AddFree(ulong pfn) => _free.Push(pfn);

    /// <summary>Takes a page into the pool that a file has (account_new_hugetlb_folio).</summary>
    public void AddActive(ulong pfn) => _active.Add(pfn);

    /// <summary>Grows the pool by a page of the page allocator (alloc_pool_huge_folio): false when there is none.</summary>
    public bool TryGrow()
    {
        if (!TryAllocateFresh(out ulong pfn))
        {
            return false;
        }

        _free.Push(pfn);
        return true;
    }

    /// <summary>Sets the number of persistent pages, as far as it goes (set_max_huge_pages).</summary>
    public void SetMaxHugePages(ulong count)
    {
        while (SurplusHugePages > 0 && count > PersistentHugePages)
        {
            SurplusHugePages--;
        }

        while (count > PersistentHugePages)
        {
            if (!TryGrow())
            {
                MaxHugePages = PersistentHugePages;
                return;
            }
        }

        ulong persistentFree = FreeHugePages;
        if (FreeHugePages > PersistentHugePages)
        {
            persistentFree -= Math.Min(SurplusHugePages, persistentFree);
        }

        ulong least = Math.Max(count, ResvHugePages + PersistentHugePages - persistentFree);
        while (least < PersistentHugePages && _free.TryPop(out ulong pfn))
        {
            _frames.Free(pfn, FrameCount);
        }

        // Pages in use become surplus: the pool shrinks when they are freed.
        while (count < PersistentHugePages)
        {
            SurplusHugePages++;
        }

        MaxHugePages = PersistentHugePages;
    }

    /// <summary>Reserves pages, or takes reservations back (hugetlb_acct_memory): 0, or ENOMEM.</summary>
    public int Account(long delta)
    {
        if (delta > 0)
        {
            return GatherSurplus((ulong)delta);
        }

        if (delta < 0)
        {
            ReturnUnused((ulong)-delta);
        }

        return 0;
    }

    /// <summary>Takes a page for a file (hugetlb_alloc_folio): false when none is free, or all free ones are reserved.</summary>
    /// <param name="reserved">Whether the page was reserved before.</param>
    /// <param name="pfn">The page's first frame.</param>
    public bool TryDequeue(bool reserved, out ulong pfn)
    {
        pfn = 0;
        if ((reserved || FreeHugePages > ResvHugePages) && _free.TryPop(out pfn))
        {
            ResvHugePages -= reserved ? Math.Min(ResvHugePages, 1) : 0;
        }
        else if (SurplusHugePages < NrOvercommitHugePages && TryAllocateFresh(out pfn))
        {
            SurplusHugePages++;
        }
        else
        {
            return false;
        }

        _active.Add(pfn);
        return true;
    }

    /// <summary>Gives back a file's page (free_huge_folio): a surplus one goes to the page allocator.</summary>
    public void Release(ulong pfn)
    {
        _active.Remove(pfn);
        if (SurplusHugePages > 0)
        {
            SurplusHugePages--;
            _frames.Free(pfn, FrameCount);
            return;
        }

        _free.Push(pfn);
    }

    // gather_surplus_pages.
    private int GatherSurplus(ulong delta)
    {
        ulong wanted = ResvHugePages + delta;
        int made = 0;
        while (wanted > FreeHugePages)
        {
            if (SurplusHugePages >= NrOvercommitHugePages || !TryGrow())
            {
                for (; made > 0; made--)
                {
                    DropSurplus();
                }

                return Refused.ENOMEM;
            }

            SurplusHugePages++;
            made++;
        }

        ResvHugePages = wanted;
        return 0;
    }

    // return_unused_surplus_pages.
    private void ReturnUnused(ulong unused)
    {
        ResvHugePages -= Math.Min(unused, ResvHugePages);
        for (ulong i = Math.Min(unused, SurplusHugePages); i > 0 && _free.Count > 0; i--)
        {
            DropSurplus();
        }
    }

    private void DropSurplus()
    {
        SurplusHugePages--;
        _frames.Free(_free.Pop(), FrameCount);
    }

    private bool TryAllocateFresh(out ulong pfn) => _frames.TryAllocate(FrameCount, FrameCount, out pfn);
}
