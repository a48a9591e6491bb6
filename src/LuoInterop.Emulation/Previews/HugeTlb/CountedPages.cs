using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using LuoInterop.Kho;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Counts the preserved pages of each pool in the object "hugetlb-v1",
/// so that the next kernel allocates that many fewer.</summary>
/// <remarks>
/// The talk's option 2, and what was posted: 20251206230222.853493-7-pratyush@kernel.org and -8-. In the next kernel the object is
/// held once when the handler is registered, a guess: Linux 7.3 counts an object down only after somebody asked for it, and
/// its page would never be freed otherwise.
/// </remarks>
internal sealed class CountedPages(KexecHandover handover, LuoFlbList? flbs) : PageHandover(handover)
{
    private LuoFlb? _object;

    // hstate_liveupdate_pages: what cannot be read is no page.
    public override ulong Count(int order)
    {
        if (flbs is null || flbs.FindIncoming(HugetlbSer.HUGETLB_FLB_COMPATIBLE, out LuoFlbSer record) != 0)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[HugetlbSer.Size];
        if (!Handover.Memory.TryRead(record.Data, bytes))
        {
            throw EmulatedKernelPanicException.PageFault(record.Data);
        }

        HugetlbSer ser = HugetlbSer.Read(bytes);
        return ser.Find(order) is >= 0 and var place ? ser[place].NrPages : 0;
    }

    public override int Register(FileHandler handler, HugeTlbPools pools)
    {
        var definition = new LiveUpdateFlb(HugetlbSer.HUGETLB_FLB_COMPATIBLE, new LiveUpdateFlbOperations
        {
            Preserve = arguments => PreserveObject(arguments, pools),
            Unpreserve = arguments => Handover.UnpreserveFree(arguments.Data),
            Retrieve = static arguments =>
            {
                // Nothing to make: the counts were read at boot.
                arguments.Instance = arguments.Data;
                return 0;
            },
            Finish = arguments => Handover.RestoreFree((ulong)arguments.Instance!),
        });
        int error = flbs!.Register(handler, definition, null);
        if (error != 0)
        {
            return error;
        }

        _object = flbs.Find(definition)!;
        if (flbs.GetIncoming(_object, out _) == 0)
        {
            flbs.PutIncoming(_object);
        }

        return 0;
    }

    // hugemfd_preserve_folio: the page, then the count.
    public override int Preserve(Hstate hstate, FolioRange folio)
    {
        int error = base.Preserve(hstate, folio);
        if (error == 0)
        {
            error = Change(hstate, static pages => pages + 1);
            if (error != 0)
            {
                base.Unpreserve(hstate, folio);
            }
        }

        return error;
    }

    public override void Unpreserve(Hstate hstate, FolioRange folio)
    {
        _ = Change(hstate, static pages => pages - 1);
        base.Unpreserve(hstate, folio);
    }

    private int PreserveObject(LiveUpdateFlbArguments arguments, HugeTlbPools pools)
    {
        ulong address = Handover.Frames.TryAllocateSmall() ? Handover.AllocatePreserved() : 0;
        if (address == 0)
        {
            return Interop.Refused.ENOMEM;
        }

        var counts = new HugetlbHstateSer[HugetlbSer.HUGETLB_SER_MAX_HSTATES];
        for (int i = 0; i < pools.Hstates.Count; i++)
        {
            counts[i] = new HugetlbHstateSer(0, (byte)pools.Hstates[i].Order);
        }

        new HugetlbSer(counts[0], counts[1], counts[2], counts[3], (byte)pools.Hstates.Count)
            .Write(Handover.Memory.Structure(address, HugetlbSer.Size));
        arguments.Data = address;
        arguments.Instance = address;
        return 0;
    }

    // hugetlb_flb_add_folio and hugetlb_flb_del_folio.
    private int Change(Hstate hstate, Func<ulong, ulong> change)
    {
        int error = LuoFlbList.GetOutgoing(_object!, out object? instance);
        if (error != 0)
        {
            return error;
        }

        Span<byte> bytes = Handover.Memory.Structure((ulong)instance!, HugetlbSer.Size);
        int place = HugetlbSer.Read(bytes).Find(hstate.Order);
        if (place >= 0)
        {
            Span<byte> count = bytes[(place * HugetlbHstateSer.Size)..];
            HugetlbHstateSer ser = HugetlbHstateSer.Read(count);
            (ser with { NrPages = change(ser.NrPages) }).Write(count);
        }

        LuoFlbList.PutOutgoing(_object!);
        return place >= 0 ? 0 : Interop.Refused.ENOENT;
    }
}
