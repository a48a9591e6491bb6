using LuoInterop.Emulation.Kho;
using LuoInterop.KernelImages;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Brings the pools up while a kernel boots, in the kernel's order: parse, ask what comes from live update, allocate.</summary>
/// <remarks>
/// <para><see cref="AllocateGigantic"/> is hugetlb_bootmem_alloc(): before the page allocator, and before LUO is up, so that it can
/// only look at LUO's data. <see cref="Complete"/> is hugetlb_init(): the page allocator runs.</para>
/// <para>Source: mm/hugetlb.c of Linux 7.3, and for pages from live update 20251206230222.853493-8-pratyush@kernel.org.</para>
/// </remarks>
internal sealed class HugeTlbBoot
{
    private readonly KexecHandover _handover;
    private readonly HugePagesParameters _parameters;
    private readonly BootMemory _memory;
    private readonly List<string> _log = [];
    private readonly List<Hstate> _hstates = [];
    private Hstate? _standard;

    /// <summary>Parses the command line (hugetlb_parse_params).</summary>
    public HugeTlbBoot(KexecHandover handover, IEnumerable<KernelParameter> parameters, BootMemoryMode mode)
    {
        _handover = handover;
        _parameters = new HugePagesParameters(parameters, _log);
        _memory = new BootMemory(handover, mode);
    }

    /// <summary>Allocates the gigantic pages that the command line asks for.</summary>
    /// <param name="early">Tells what the previous kernel left of a pool, without a trace.</param>
    public void AllocateGigantic(IEarlyPages early)
    {
        foreach (HstateRequest request in _parameters.Early)
        {
            Hstate hstate = Add(request);
            if (hstate.IsGigantic)
            {
                Allocate(hstate, request, early);
            }
        }
    }

    /// <summary>Allocates all other pages, and reports the pools.</summary>
    /// <param name="early">Tells what the previous kernel left of a pool, without a trace.</param>
    public HugeTlbPools Complete(IEarlyPages early)
    {
        foreach (HstateRequest request in _parameters.Complete(out HstateRequest standard))
        {
            Hstate hstate = _hstates.Find(known => known.Order == request.Order) ?? Add(request);
            if (!hstate.IsGigantic)
            {
                Allocate(hstate, request, early);
            }

            if (request == standard)
            {
                _standard = hstate;
            }
        }

        foreach (Hstate hstate in _hstates)
        {
            string live = hstate.FromLiveUpdate > 0 ? $", {hstate.FromLiveUpdate} pages from liveupdate" : "";
            _log.Add($"HugeTLB: registered {hstate.SizeText} page size, pre-allocated {hstate.NrHugePages} pages{live}");
        }

        return new HugeTlbPools(_hstates, _standard!, _log);
    }

    private Hstate Add(HstateRequest request)
    {
        var hstate = new Hstate(request.Order, _handover.Frames);
        _hstates.Add(hstate);
        return hstate;
    }

    // hugetlb_hstate_alloc_pages.
    private void Allocate(Hstate hstate, HstateRequest request, IEarlyPages early)
    {
        hstate.MaxHugePages = request.MaxHugePages;
        if (early.HasPool(hstate.Order))
        {
            // The whole pool comes with the handover, later.
            return;
        }

        ulong live = early.Count(hstate.Order);
        hstate.FromLiveUpdate = live;
        ulong wanted = request.MaxHugePages - Math.Min(live, request.MaxHugePages);
        if (wanted > 0 && request.OnNode > 0 && live == 0)
        {
            AllocateOnNode(hstate, request);
            return;
        }

        if (wanted > 0 && request.OnNode > 0)
        {
            _log.Add("HugeTLB: node-specific allocation not supported with liveupdate. Defaulting to normal");
        }

        Check(hstate, Allocate(hstate, wanted), live);
    }

    private ulong Allocate(Hstate hstate, ulong wanted)
    {
        ulong allocated = 0;
        while (allocated < wanted && TryAllocate(hstate))
        {
            allocated++;
        }

        return allocated;
    }

    private bool TryAllocate(Hstate hstate)
    {
        if (!hstate.IsGigantic)
        {
            return hstate.TryGrow();
        }

        if (!_memory.TryAllocate(hstate.FrameCount, out ulong pfn))
        {
            return false;
        }

        hstate.AddFree(pfn);
        return true;
    }

    // hugetlb_hstate_alloc_pages_onenode.
    private void AllocateOnNode(Hstate hstate, HstateRequest request)
    {
        ulong allocated = Allocate(hstate, request.OnNode);
        if (allocated < request.OnNode)
        {
            _log.Add(
                $"HugeTLB: allocating {request.OnNode} of page size {hstate.SizeText} failed node0.  Only allocated "
                + $"{allocated} hugepages.");
            hstate.MaxHugePages -= request.OnNode - allocated;
        }
    }

    // hugetlb_hstate_alloc_pages_errcheck.
    private void Check(Hstate hstate, ulong allocated, ulong live)
    {
        ulong wanted = hstate.MaxHugePages;
        if (live > wanted)
        {
            _log.Add($"HugeTLB: got {live} of page size {hstate.SizeText} from liveupdate, requested pages are {wanted}");
            hstate.MaxHugePages = live;
        }
        else if (live + allocated < wanted)
        {
            _log.Add($"HugeTLB: allocating {wanted - live} of page size {hstate.SizeText} failed.  Only allocated {allocated} hugepages.");
            if (live > 0)
            {
                _log.Add($"HugeTLB: {live} of page size {hstate.SizeText} are from liveupdate");
            }

            hstate.MaxHugePages = allocated + live;
        }
    }
}
