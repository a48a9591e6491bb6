using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Kho;

/// <summary>Holds entries in one preserved folio without a gap, across its pages (LUO of Linux 6.19 to 7.1).</summary>
/// <param name="handover">Where the folio is preserved.</param>
/// <param name="entrySize">Bytes of an entry.</param>
/// <param name="headerSize">Bytes before the first entry.</param>
/// <param name="pages">Pages of the folio, a power of two.</param>
/// <param name="full">What a full array answers, <c>-errno</c>.</param>
/// <param name="permanent">Whether the folio stays when it holds no entry.</param>
internal sealed class EntryArray(KexecHandover handover, int entrySize, int headerSize, int pages, int full, bool permanent) : EntrySet
{
    private readonly int _order = int.Log2(pages);
    private ulong _folio;

    public override ulong Head => _folio;

    public override int Grow(int entries)
    {
        if (entries > ((pages * PhysicalMemory.PageSize) - headerSize) / entrySize)
        {
            return full;
        }

        _folio = _folio == 0 && entries > 0 ? handover.AllocatePreserved(_order) : _folio;
        return _folio == 0 ? Refused.ENOMEM : 0;
    }

    public override void Shrink(int entries)
    {
        if (entries == 0 && !permanent)
        {
            Destroy();
        }
    }

    public override void Destroy()
    {
        if (_folio != 0)
        {
            handover.UnpreserveFree(_folio, _order);
            _folio = 0;
        }
    }

    public override void Clear()
    {
        for (int page = 0; page < pages; page++)
        {
            handover.Memory.Structure(_folio + ((ulong)page << PhysicalMemory.PageShift), PhysicalMemory.PageSize).Clear();
        }
    }

    public override void Write(int index, ReadOnlySpan<byte> entry)
    {
        ulong address = _folio + (ulong)headerSize + ((ulong)index * (ulong)entrySize);
        if (!handover.Memory.TryWrite(address, entry))
        {
            throw EmulatedKernelPanicException.PageFault(address);
        }
    }

    public override void Erase(int index)
    {
        Span<byte> empty = stackalloc byte[entrySize];
        empty.Clear();
        Write(index, empty);
    }
}
