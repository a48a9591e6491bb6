using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Memfd;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>A memory file of huge pages: which of the pool's pages it has, and which it reserved (hugetlbfs, mm/hugetlb.c).</summary>
/// <remarks>
/// The bytes are those of a file of the host. That is one of real huge pages, or a sparse one that stands for it: then a page of
/// the pool costs the host what of it was touched. Indexes count huge pages.
/// </remarks>
/// <param name="id">What identifies the host file.</param>
/// <param name="hstate">The pool.</param>
/// <param name="own">The emulated kernel's own open file description, which nobody else has.</param>
/// <param name="isStandIn">Whether the host file is not of huge pages itself.</param>
internal sealed class HugeMemfdInode(InodeKey id, Hstate hstate, HostFile own, bool isStandIn) : MemfdInode
{
    private readonly SortedDictionary<ulong, HugePage> _pages = [];

    // resv_map: the pages that are reserved, or were.
    private readonly HashSet<ulong> _reserved = [];

    public InodeKey Id { get; } = id;

    public Hstate Hstate { get; } = hstate;

    public HostFile Own { get; } = own;

    public bool IsStandIn { get; } = isStandIn;

    /// <summary>Gets the pages that the file has, by index.</summary>
    public IReadOnlyDictionary<ulong, HugePage> Pages => _pages;

    /// <summary>Gets or sets the size that a preserved file has as far as the emulated kernel knows.</summary>
    public ulong KnownSize { get; set; }

    public override bool IsOrdinary => false;

    public override bool IsShmem => false;

    /// <summary>Tells whether pages are all reserved, or were: a mapping of them takes nothing from the pool.</summary>
    public bool IsReserved(ulong from, ulong to)
    {
        for (ulong index = from; index < to; index++)
        {
            if (!_reserved.Contains(index))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reserves pages for a shared mapping (hugetlb_reserve_pages): 0, or ENOMEM.</summary>
    public int Reserve(ulong from, ulong to)
    {
        // More than there can be: not worth counting.
        ulong most = (ulong)_reserved.Count + Hstate.NrHugePages + Hstate.NrOvercommitHugePages;
        if (to - from > most)
        {
            return Refused.ENOMEM;
        }

        var added = new List<ulong>();
        for (ulong index = from; index < to; index++)
        {
            if (!_reserved.Contains(index))
            {
                added.Add(index);
            }
        }

        if (!Hstate.Cgroup.TryChargeReserved((ulong)added.Count))
        {
            return Refused.ENOMEM;
        }

        if (Hstate.Account(added.Count) != 0)
        {
            Hstate.Cgroup.UnchargeReserved((ulong)added.Count);
            return Refused.ENOMEM;
        }

        _reserved.UnionWith(added);
        return 0;
    }

    /// <summary>Enters the reservations of a file that comes with its pages (region_add in hugemfd_setup_rsrv of the RFC).</summary>
    /// <remarks>They are charged already. The pool's reservations do not change: the pages are not taken from it.</remarks>
    public void ReserveArriving(ulong count)
    {
        for (ulong index = 0; index < count; index++)
        {
            _reserved.Add(index);
        }
    }

    /// <summary>Adds a page that came with the handover (hugetlb_add_to_page_cache): 0, EEXIST,
    /// or ENOMEM above the cgroup's limit.</summary>
    public int AddArriving(ulong index, ulong pfn)
    {
        if (!_pages.TryAdd(index, new HugePage(pfn, IsCharged: false)))
        {
            return Refused.EEXIST;
        }

        if (!Hstate.Cgroup.TryCharge(1))
        {
            return Refused.ENOMEM;
        }

        _pages[index] = new HugePage(pfn, IsCharged: true);
        return 0;
    }

    /// <summary>Takes a page from the pool for a fault or for fallocate(2) (alloc_hugetlb_folio): 0, or ENOSPC.</summary>
    public int Allocate(ulong index)
    {
        bool wasReserved = _reserved.Contains(index);
        if (!wasReserved && !Hstate.Cgroup.TryChargeReserved(1))
        {
            return Refused.ENOSPC;
        }

        bool isCharged = Hstate.Cgroup.TryCharge(1);
        if (isCharged && Hstate.TryDequeue(wasReserved, out ulong pfn))
        {
            _reserved.Add(index);
            _pages.Add(index, new HugePage(pfn, IsCharged: true));
            return 0;
        }

        if (isCharged)
        {
            Hstate.Cgroup.Uncharge(1);
        }

        if (!wasReserved)
        {
            Hstate.Cgroup.UnchargeReserved(1);
        }

        return Refused.ENOSPC;
    }

    /// <summary>Takes a page from the pool to pin it (memfd_alloc_folio, mm/memfd.c): 0, or ENOMEM.</summary>
    public int AllocatePinned(ulong index)
    {
        if (Reserve(index, index + 1) != 0 || !Hstate.TryDequeue(reserved: true, out ulong pfn))
        {
            return Refused.ENOMEM;
        }

        _pages.Add(index, new HugePage(pfn, IsCharged: false));
        return 0;
    }

    /// <summary>Gives pages back inside a hole (remove_inode_hugepages): other reservations stay.</summary>
    public void Punch(ulong from, ulong to)
    {
        foreach ((ulong index, HugePage page) in _pages.Where(page => page.Key >= from && page.Key < to).ToArray())
        {
            Release(index, page);
            Unreserve(index);
        }
    }

    /// <summary>Gives pages and reservations back from an index on (remove_inode_hugepages, hugetlb_unreserve_pages).</summary>
    public void Truncate(ulong from)
    {
        Punch(from, ulong.MaxValue);
        ulong[] unused = [.. _reserved.Where(index => index >= from)];
        foreach (ulong index in unused)
        {
            Unreserve(index);
        }

        Hstate.Account(-unused.Length);
    }

    /// <summary>Sees which pages programs touched: each takes a page of the pool, as the fault did.</summary>
    /// <remarks>A page that the pool does not have stays unseen, where Linux sends SIGBUS.</remarks>
    public void SeeFaults()
    {
        if (!IsStandIn)
        {
            SeeCount();
            return;
        }

        long offset = 0;
        while ((long)LibC.lseek(Own.Fd, offset, FsHeader.SEEK_DATA) is var data && data >= 0)
        {
            ulong index = (ulong)(data / Hstate.PageSize);
            if (!_pages.ContainsKey(index))
            {
                _ = Allocate(index);
            }

            offset = (long)(index + 1) * Hstate.PageSize;
        }
    }

    // A file of real huge pages tells how many it has, but not which (default_llseek): those that are mapped come first.
    private void SeeCount()
    {
        if (HostFile.Stat(Own.Fd, out statx status) != 0)
        {
            return;
        }

        long missing = ((long)status.stx_blocks / (Hstate.PageSize / 512)) - _pages.Count;
        ulong[] mapped = missing > 0 ? [.. _reserved.Where(index => !_pages.ContainsKey(index)).Order()] : [];
        foreach (ulong index in mapped)
        {
            missing -= missing > 0 && Allocate(index) == 0 ? 1 : 0;
        }

        for (ulong index = 0; missing > 0 && index < status.stx_size / (ulong)Hstate.PageSize; index++)
        {
            missing -= !_pages.ContainsKey(index) && Allocate(index) == 0 ? 1 : 0;
        }
    }

    private void Release(ulong index, HugePage page)
    {
        _pages.Remove(index);
        Hstate.Release(page.Pfn);
        if (page.IsCharged)
        {
            Hstate.Cgroup.Uncharge(1);
        }
    }

    private void Unreserve(ulong index)
    {
        if (_reserved.Remove(index))
        {
            Hstate.Cgroup.UnchargeReserved(1);
        }
    }
}
