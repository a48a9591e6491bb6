namespace LuoInterop.Kho.Abi;

/// <summary>Reads a memfd's array of folios out of a <see cref="KhoVmalloc"/> area, in the array's order.</summary>
/// <remarks>At most one page is held at a time; reading an entry allocates nothing.
/// Not safe for use from several threads at once.</remarks>
public sealed class MemfdLuoFolioReader
{
    private readonly IPhysicalMemory _memory;
    private readonly int _order;
    private readonly ulong _count;
    private readonly byte[] _page;
    private ulong _done;

    /// <param name="memory">The memory that the addresses point into.</param>
    /// <param name="descriptor">The array's descriptor; not looked at when <paramref name="count"/> is 0.</param>
    /// <param name="count">The number of folios (<see cref="MemfdLuoSer.NrFolios"/>).</param>
    /// <exception cref="KhoFormatException">The area is not sound, or too small for the folios.</exception>
    public MemfdLuoFolioReader(IPhysicalMemory memory, KhoVmalloc descriptor, ulong count)
    {
        List = count == 0 ? new KhoVmallocList([], []) : KhoVmallocList.Read(memory, descriptor);
        ulong room = (ulong)descriptor.TotalPages * MemfdLuoFolioWriter.PerPage;
        if (count > 0 && count > room)
        {
            throw new KhoFormatException(
                KhoFormatError.CountMismatch, $"The array of folios has room for {room}; the file says {count}.");
        }

        _memory = memory;
        _order = descriptor.Order;
        _count = count;

        // A file of a few folios needs no more of the one page than they take.
        _page = new byte[(int)Math.Min(count, MemfdLuoFolioWriter.PerPage) * MemfdLuoFolioSer.Size];
    }

    /// <summary>Gets where the array lies.</summary>
    public KhoVmallocList List { get; }

    /// <summary>Gives the next folio.</summary>
    /// <returns>False after the last one.</returns>
    /// <exception cref="KhoFormatException"><see cref="KhoFormatError.Unreadable"/>.</exception>
    public bool TryRead(out MemfdLuoFolioSer folio)
    {
        if (_done == _count)
        {
            folio = default;
            return false;
        }

        int slot = (int)(_done % MemfdLuoFolioWriter.PerPage);
        if (slot == 0)
        {
            ReadPage(_done / MemfdLuoFolioWriter.PerPage);
        }

        folio = MemfdLuoFolioSer.Read(_page.AsSpan(slot * MemfdLuoFolioSer.Size));
        _done++;
        return true;
    }

    private void ReadPage(ulong page)
    {
        ulong within = page & ((1UL << _order) - 1);
        ulong address = List.Pages[(int)(page >> _order)] + (within << KhoRadixTree.PageShift);
        if (!_memory.TryRead(address, _page))
        {
            throw KhoFormatException.Unreadable(address, "array of folios");
        }
    }
}
