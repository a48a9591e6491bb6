using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using LuoInterop.Kho;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Hands whole pools over in the object "hugetlb", free pages too, and freezes them from the first preserved file on.</summary>
/// <remarks>
/// The talk's option 1. It was never posted: the records are those of the author's first work, which did not freeze yet. That
/// the pools are frozen is the talk's; with which error (EBUSY), and what unpreserve and finish do, is a guess.
/// </remarks>
internal sealed class WholePools(KexecHandover handover, LuoFlbList? flbs) : PageHandover(handover)
{
    // Outgoing: where the record of each page lies, and how many pages of each pool are recorded.
    private readonly Dictionary<ulong, ulong> _records = [];
    private readonly List<(Hstate Hstate, KhoVmalloc Area)> _areas = [];

    // Incoming: pages of files that were not asked for yet.
    private readonly Dictionary<ulong, FolioRange?> _busy = [];

    public override bool HasPool(int order)
    {
        if (flbs is null || flbs.FindIncoming(HugetlbPoolSer.HUGETLB_FLB_NAME, out LuoFlbSer record) != 0)
        {
            return false;
        }

        foreach (HugetlbPoolHstateSer pool in Read(record.Data).Pools)
        {
            if (pool.Order == order)
            {
                return true;
            }
        }

        return false;
    }

    public override int Register(FileHandler handler, HugeTlbPools pools)
    {
        var definition = new LiveUpdateFlb(HugetlbPoolSer.HUGETLB_FLB_NAME, new LiveUpdateFlbOperations
        {
            Preserve = arguments => PreservePools(arguments, pools),
            Unpreserve = arguments =>
            {
                UnpreservePools();
                Handover.UnpreserveFree(arguments.Data);
                pools.IsFrozen = false;
            },
            Retrieve = arguments => RetrievePools(arguments, pools),
            Finish = arguments => Handover.RestoreFree((ulong)arguments.Instance!),
        });
        int error = flbs!.Register(handler, definition, null);
        if (error != 0)
        {
            return error;
        }

        // Now, not with the first file: other files need the free pages.
        LuoFlb bound = flbs.Find(definition)!;
        error = flbs.GetIncoming(bound, out _);
        if (error == 0)
        {
            flbs.PutIncoming(bound);
        }
        else if (error is not (Refused.ENODATA or Refused.ENOENT))
        {
            pools.Say("HugeTLB: the pools of the previous kernel could not be retrieved; they are in an unknown state");
        }

        return 0;
    }

    // hugetlb_flb_mark_busy: the page is preserved already, a file's bytes take the place of the blank.
    public override int Preserve(Hstate hstate, FolioRange folio)
    {
        if (!_records.TryGetValue(folio.FirstPfn, out ulong record))
        {
            return Refused.ENOENT;
        }

        Handover.ReplaceBlank(folio);
        SetFree(record, false);
        return 0;
    }

    public override void Unpreserve(Hstate hstate, FolioRange folio)
    {
        ulong pfn = folio.FirstPfn;
        Handover.RemoveFolio(folio);
        Handover.Memory.Populate(pfn);
        SetFree(_records[pfn], true);
    }

    public override bool TryRestore(Hstate hstate, ulong pfn, out FolioRange? folio) => _busy.Remove(pfn, out folio);

    public override void Adopt(Hstate hstate, ulong pfn)
    {
        // It came with the pool.
    }

    public override void GiveBack(Hstate hstate, ulong pfn) => hstate.Release(pfn);

    private HugetlbPoolSer Read(ulong address)
    {
        Span<byte> bytes = stackalloc byte[HugetlbPoolSer.Size];
        return Handover.Memory.TryRead(address, bytes) ? HugetlbPoolSer.Read(bytes) : throw EmulatedKernelPanicException.PageFault(address);
    }

    private void SetFree(ulong record, bool isFree)
    {
        Span<byte> bytes = Handover.Memory.Structure(record, HugetlbPoolFolioSer.Size);
        (HugetlbPoolFolioSer.Read(bytes) with { IsFree = isFree }).Write(bytes);
    }

    private int PreservePools(LiveUpdateFlbArguments arguments, HugeTlbPools pools)
    {
        ulong address = Handover.Frames.TryAllocateSmall() ? Handover.AllocatePreserved() : 0;
        if (address == 0)
        {
            return Refused.ENOMEM;
        }

        var sers = new HugetlbPoolHstateSer[HugetlbSer.HUGETLB_SER_MAX_HSTATES];
        foreach (Hstate hstate in pools.Hstates)
        {
            // A pool without a page is not worth a record.
            if (hstate.NrHugePages > 0 && !TryPreservePool(hstate, out sers[_areas.Count]))
            {
                UnpreservePools();
                Handover.UnpreserveFree(address);
                return Refused.ENOMEM;
            }
        }

        new HugetlbPoolSer((ushort)_areas.Count, sers[0], sers[1], sers[2], sers[3])
            .Write(Handover.Memory.Structure(address, HugetlbPoolSer.Size));
        pools.IsFrozen = true;
        arguments.Data = address;
        arguments.Instance = address;
        return 0;
    }

    // All pages count as free until a file says otherwise.
    private bool TryPreservePool(Hstate hstate, out HugetlbPoolHstateSer ser)
    {
        ulong[] pages = [.. hstate.ActivePages, .. hstate.FreePages];
        ser = default;
        if (VmallocArea.Preserve(Handover, (ulong)pages.Length * HugetlbPoolFolioSer.Size) is not { } area)
        {
            return false;
        }

        ulong[] arrayPages = [.. VmallocArea.Pages(Handover, area)];
        for (int i = 0; i < pages.Length; i++)
        {
            if (!Handover.TryPreserveBlank(pages[i], hstate.Order))
            {
                for (int done = 0; done < i; done++)
                {
                    _records.Remove(pages[done]);
                    Handover.UnpreserveBlank(pages[done], hstate.Order);
                }

                VmallocArea.Unpreserve(Handover, area);
                return false;
            }

            const int PerPage = PhysicalMemory.PageSize / HugetlbPoolFolioSer.Size;
            ulong record = arrayPages[i / PerPage] + (ulong)(i % PerPage * HugetlbPoolFolioSer.Size);
            new HugetlbPoolFolioSer(pages[i], true, 0).Write(Handover.Memory.Structure(record, HugetlbPoolFolioSer.Size));
            _records.Add(pages[i], record);
        }

        _areas.Add((hstate, area));
        ser = new HugetlbPoolHstateSer((ulong)pages.Length, (uint)hstate.Order, 0, area);
        return true;
    }

    // The pages of files are blank again by then: their files were unpreserved first.
    private void UnpreservePools()
    {
        foreach ((Hstate hstate, KhoVmalloc area) in _areas)
        {
            foreach (ulong page in VmallocArea.Pages(Handover, area))
            {
                for (ulong record = page; record < page + PhysicalMemory.PageSize; record += HugetlbPoolFolioSer.Size)
                {
                    ulong pfn = HugetlbPoolFolioSer.Read(Handover.Memory.Structure(record, HugetlbPoolFolioSer.Size)).Pfn;
                    if (_records.Remove(pfn))
                    {
                        Handover.UnpreserveBlank(pfn, hstate.Order);
                    }
                }
            }

            VmallocArea.Unpreserve(Handover, area);
        }

        _areas.Clear();
    }

    private int RetrievePools(LiveUpdateFlbArguments arguments, HugeTlbPools pools)
    {
        HugetlbPoolSer ser = Read(arguments.Data);
        foreach (HugetlbPoolHstateSer pool in ser.Pools)
        {
            if (pools.Find((int)Math.Min(pool.Order, int.MaxValue)) is not { } hstate
                || !VmallocArea.TryRestore(Handover, pool.Folios)
                || !TryRetrievePool(hstate, pool))
            {
                // What is not restored by now stays where it is, and nobody gets it.
                return Refused.EINVAL;
            }

            VmallocArea.Free(Handover, pool.Folios);
            hstate.MaxHugePages = Math.Max(hstate.MaxHugePages, hstate.NrHugePages);
        }

        arguments.Instance = arguments.Data;
        return 0;
    }

    private bool TryRetrievePool(Hstate hstate, HugetlbPoolHstateSer pool)
    {
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(Handover, pool.Folios);
        for (ulong i = 0; i < pool.NrPages; i++)
        {
            Span<byte> bytes = cursor.Next(HugetlbPoolFolioSer.Size);
            if (bytes.IsEmpty)
            {
                throw new EmulatedKernelPanicException(
                    "BUG: unable to handle page fault. The array of a pool's pages is shorter than its count.");
            }

            HugetlbPoolFolioSer record = HugetlbPoolFolioSer.Read(bytes);
            if (Handover.RestoreFolio(record.Pfn, out FolioRange? folio) != hstate.Order)
            {
                return false;
            }

            if (record.IsFree)
            {
                Drop(hstate, record.Pfn, folio);
                hstate.AddFree(record.Pfn);
            }
            else
            {
                _busy.Add(record.Pfn, folio);
                hstate.AddActive(record.Pfn);
            }
        }

        return true;
    }
}
