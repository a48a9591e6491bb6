namespace LuoInterop.Kho.Abi;

/// <summary>Builds a memfd's array of folios as Linux keeps it: one <see cref="MemfdLuoFolioSer"/> after the other in a
/// <see cref="KhoVmalloc"/> area.</summary>
/// <remarks>
/// Each entry names its page of the file, so a hole takes nothing. Pages are not marked as preserved.
/// Not safe for use from several threads at once.
/// </remarks>
/// <param name="memory">The memory to write into.</param>
/// <param name="allocatePage">Gives the address of a new page, or 0 when memory is short.</param>
public sealed class MemfdLuoFolioWriter(IPhysicalMemory memory, Func<ulong> allocatePage)
{
    /// <summary>Entries of a page.</summary>
    public const int PerPage = KhoRadixTree.PageSize / MemfdLuoFolioSer.Size;

    private readonly byte[] _page = new byte[KhoRadixTree.PageSize];
    private readonly List<ulong> _pages = [];
    private readonly List<ulong> _chunks = [];
    private int _used = PerPage;

    /// <summary>Gets the addresses of the pages of entries so far; they belong to who allocates them.</summary>
    public IReadOnlyList<ulong> Pages => _pages;

    /// <summary>Gets the addresses of the chunk pages, none before <see cref="Complete"/>; they belong to who allocates them.</summary>
    public IReadOnlyList<ulong> Chunks => _chunks;

    /// <summary>Appends a folio.</summary>
    /// <returns><see cref="Errno.None"/>, or ENOMEM with the array as it was.</returns>
    public Errno Add(in MemfdLuoFolioSer folio)
    {
        if (_used == PerPage)
        {
            ulong page = _pages.Count < KhoVmallocList.MaxPages ? allocatePage() : 0;
            if (page == 0)
            {
                return Errno.ENOMEM;
            }

            WritePage();
            Array.Clear(_page);
            _pages.Add(page);
            _used = 0;
        }

        folio.Write(_page.AsSpan(_used * MemfdLuoFolioSer.Size));
        _used++;
        return Errno.None;
    }

    /// <summary>Writes the last page, and the chunk pages that name all of them. Nothing can be added afterwards.</summary>
    /// <param name="descriptor">The array's descriptor, all zero when nothing was added.</param>
    /// <returns><see cref="Errno.None"/>, or ENOMEM.</returns>
    public Errno Complete(out KhoVmalloc descriptor)
    {
        descriptor = default;
        if (_pages.Count == 0)
        {
            return Errno.None;
        }

        WritePage();
        for (int i = KhoVmallocList.ChunksFor(_pages.Count); i > 0; i--)
        {
            ulong chunk = allocatePage();
            if (chunk == 0)
            {
                return Errno.ENOMEM;
            }

            _chunks.Add(chunk);
        }

        descriptor = KhoVmallocList.Write(memory, _chunks, _pages);
        return Errno.None;
    }

    private void WritePage()
    {
        if (_pages.Count > 0 && !memory.TryWrite(_pages[^1], _page))
        {
            throw KhoFormatException.Unreadable(_pages[^1], "array of folios");
        }
    }
}
