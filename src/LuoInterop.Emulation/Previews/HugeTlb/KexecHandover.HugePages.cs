namespace LuoInterop.Emulation.Kho;

/// <content>Folios whose frames belong to a pool, before they are preserved and after they are restored.</content>
internal sealed partial class KexecHandover
{
    /// <summary>Preserves one folio that has its frames already (kho_preserve_folio).</summary>
    /// <param name="folio">The folio; owned by the memory on success.</param>
    /// <param name="order">Its order.</param>
    /// <returns>False when memory is short.</returns>
    public bool TryPreserveFolio(FolioRange folio, int order)
    {
        bool preserved = TryPreserve(folio, order);
        if (preserved)
        {
            _memory.Add(folio);
        }

        return preserved;
    }

    /// <summary>Undoes <see cref="TryPreserveFolio"/>; the frames stay the caller's (kho_unpreserve_folio).</summary>
    public void UnpreserveFolio(FolioRange folio, int order)
    {
        Unpreserve(folio, folio.PageCount, order);
        RemoveFolio(folio);
    }

    /// <summary>Takes a folio out of memory, and keeps its frames for the caller.</summary>
    public void RemoveFolio(FolioRange folio)
    {
        _memory.Remove(folio);
        folio.Dispose();
    }

    /// <summary>Preserves frames whose bytes nobody will ask for:
    /// one page stands for them (kho_preserve_folio of a free huge page).</summary>
    /// <returns>False when memory is short.</returns>
    public bool TryPreserveBlank(ulong pfn, int order)
    {
        if (_map!.Add(pfn << PhysicalMemory.PageShift, order) != Errno.None)
        {
            return false;
        }

        _memory.Populate(pfn);
        return true;
    }

    /// <summary>Undoes <see cref="TryPreserveBlank"/>; the frames stay the caller's.</summary>
    public void UnpreserveBlank(ulong pfn, int order)
    {
        _map!.Remove(pfn << PhysicalMemory.PageShift, order);
        _memory.Depopulate(pfn);
    }

    /// <summary>Puts a file's bytes where a preserved blank is; the folio is owned by the memory from then on.</summary>
    public void ReplaceBlank(FolioRange folio)
    {
        _memory.Depopulate(folio.FirstPfn);
        _memory.Add(folio);
    }

    /// <summary>Drops the bytes of a restored piece of plain pages, and keeps its frames for the caller.</summary>
    public void KeepRestored(ulong pfn, int order) => _memory.Depopulate(pfn, _preserved.End(pfn, order));
}
