namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Looks at what the previous kernel left of a pool, before LUO is up: no memory is taken, and nothing changes.</summary>
internal interface IEarlyPages
{
    /// <summary>Counts the pages that preserved files will bring back to a pool (hstate_liveupdate_pages);
    /// 0 where nothing says so.</summary>
    ulong Count(int order);

    /// <summary>Tells whether the whole pool comes with the handover.</summary>
    bool HasPool(int order);
}
