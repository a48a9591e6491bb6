using System.Runtime.InteropServices;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Holds the machine's physical memory: sparse pages of 4 KiB, and runs of folios that live in a host file.</summary>
/// <remarks>
/// <para>It is the only thing, beside two addresses, that one emulated kernel hands to the next.</para>
/// <para>A page that nobody holds reads as 0xaa bytes, which is what is found in a freed page (PAGE_POISON of
/// include/linux/poison.h): whatever was lost shows. Not safe for use from several threads at once.</para>
/// <para>Pages are native memory, so that a machine with many records is no work for the garbage collector.</para>
/// </remarks>
internal sealed unsafe class PhysicalMemory : IPhysicalMemory, IDisposable
{
    public const int PageShift = KhoRadixTree.PageShift;
    public const int PageSize = 1 << PageShift;

    /// <summary>What is found in a page that nobody holds.</summary>
    public const byte Poison = 0xaa;

    private const int TableShift = 9;
    private const int TableSize = 1 << TableShift;
    private const int PooledPages = 4096;

    // Three levels, so that an empty machine is small: entries of the first stand for 1 GiB.
    private readonly nint[]?[]?[] _pages;
    private readonly Stack<nint> _pool = new();

    public PhysicalMemory(ulong bytes)
    {
        PageCount = bytes >> PageShift;
        Folios = new FolioTable(PageCount);
        _pages = new nint[]?[]?[(int)((PageCount >> (2 * TableShift)) + 1)];
    }

    ~PhysicalMemory() => FreePages();

    /// <summary>Gets the number of pages that the machine has, in use or not.</summary>
    public ulong PageCount { get; }

    /// <summary>Gets the runs of folios, by address.</summary>
    public FolioTable Folios { get; }

    /// <summary>Gets a page's bytes for reading and writing; empty when nobody holds the page.</summary>
    public Span<byte> Page(ulong pfn)
    {
        nint page = pfn < PageCount
            ? _pages[pfn >> (2 * TableShift)]?[(pfn >> TableShift) & (TableSize - 1)]?[pfn & (TableSize - 1)] ?? 0
            : 0;

        // SAFETY: a page in the table is PageSize bytes that are freed only after it left the table; the span lives inside
        // one call, under the running kernel's lock.
        return page == 0 ? default : new Span<byte>((void*)page, PageSize);
    }

    /// <summary>Gets the bytes of a structure that lies in one held page.</summary>
    /// <exception cref="EmulatedKernelPanicException">No such memory: the kernel would fault.</exception>
    public Span<byte> Structure(ulong address, int size)
    {
        Span<byte> page = Page(address >> PageShift);
        int offset = (int)(address & (PageSize - 1));
        return page.Length - offset >= size ? page.Slice(offset, size) : throw EmulatedKernelPanicException.PageFault(address);
    }

    /// <summary>Brings a zeroed page into use.</summary>
    public void Populate(ulong pfn)
    {
        ref nint[]?[]? upper = ref _pages[pfn >> (2 * TableShift)];
        ref nint[]? middle = ref (upper ??= new nint[]?[TableSize])[(pfn >> TableShift) & (TableSize - 1)];
        ref nint page = ref (middle ??= new nint[TableSize])[pfn & (TableSize - 1)];
        if (page != 0)
        {
            throw new InvalidOperationException($"Page frame 0x{pfn:x} is in use.");
        }

        if (!_pool.TryPop(out page))
        {
            page = (nint)NativeMemory.Alloc(PageSize);
        }

        new Span<byte>((void*)page, PageSize).Clear();
    }

    /// <summary>Gives a page up; its bytes are lost.</summary>
    public void Depopulate(ulong pfn)
    {
        ref nint page = ref _pages[pfn >> (2 * TableShift)]![(pfn >> TableShift) & (TableSize - 1)]![pfn & (TableSize - 1)];
        if (page == 0)
        {
            throw new InvalidOperationException($"Page frame 0x{pfn:x} is not in use.");
        }

        if (_pool.Count < PooledPages)
        {
            _pool.Push(page);
        }
        else
        {
            NativeMemory.Free((void*)page);
        }

        page = 0;
    }

    /// <summary>Gives up what pages of a run of frames are in use.</summary>
    public void Depopulate(ulong first, ulong end)
    {
        for (ulong pfn = first; pfn < end; pfn++)
        {
            // Where a table is missing nothing of what it stands for is in use.
            nint[]?[]? middle = _pages[pfn >> (2 * TableShift)];
            if (middle is null)
            {
                pfn |= (1UL << (2 * TableShift)) - 1;
            }
            else if (middle[(pfn >> TableShift) & (TableSize - 1)] is not { } pages)
            {
                pfn |= TableSize - 1;
            }
            else if (pages[pfn & (TableSize - 1)] != 0)
            {
                Depopulate(pfn);
            }
        }
    }

    /// <summary>Enumerates the page frames in use, folios not among them.</summary>
    public IEnumerable<ulong> PopulatedPages()
    {
        for (int upper = 0; upper < _pages.Length; upper++)
        {
            for (int middle = 0; _pages[upper] is { } table && middle < TableSize; middle++)
            {
                for (int i = 0; table[middle] is { } pages && i < TableSize; i++)
                {
                    if (pages[i] != 0)
                    {
                        yield return ((ulong)upper << (2 * TableShift)) | ((ulong)middle << TableShift) | (uint)i;
                    }
                }
            }
        }
    }

    /// <summary>Puts a run of folios into memory, and takes ownership of it.</summary>
    public void Add(FolioRange range) => Folios.Add(range);

    /// <summary>Takes a run of folios out of memory; the caller owns it.</summary>
    public void Remove(FolioRange range) => Folios.Remove(range);

    /// <summary>Finds the run of folios that a page frame belongs to, or null.</summary>
    public FolioRange? FindFolios(ulong pfn) => Folios.Find(pfn);

    /// <summary>Tells whether a run of folios holds any of some frames.</summary>
    public bool HasFolios(ulong first, ulong end) => Folios.Any(first, end);

    public bool TryRead(ulong physicalAddress, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            ulong pfn = physicalAddress >> PageShift;
            if (pfn >= PageCount)
            {
                return false;
            }

            int offset = (int)(physicalAddress & (PageSize - 1));
            int length = Math.Min(destination.Length, PageSize - offset);
            Span<byte> page = Page(pfn);
            if (!page.IsEmpty)
            {
                page.Slice(offset, length).CopyTo(destination);
            }
            else if (FindFolios(pfn) is not { } range)
            {
                destination[..length].Fill(Poison);
            }
            else if (!range.TryRead(pfn, offset, destination[..length]))
            {
                return false;
            }

            physicalAddress += (uint)length;
            destination = destination[length..];
        }

        return true;
    }

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            Span<byte> page = Page(physicalAddress >> PageShift);
            if (page.IsEmpty)
            {
                return false;
            }

            int offset = (int)(physicalAddress & (PageSize - 1));
            int length = Math.Min(source.Length, PageSize - offset);
            source[..length].CopyTo(page[offset..]);
            physicalAddress += (uint)length;
            source = source[length..];
        }

        return true;
    }

    public void Dispose()
    {
        foreach (FolioRange range in Folios)
        {
            Folios.Remove(range);
            range.Dispose();
        }

        FreePages();
        GC.SuppressFinalize(this);
    }

    private void FreePages()
    {
        // SAFETY: every page in table and pool came from NativeMemory.Alloc, and is in one of them, once.
        foreach (nint[]?[]? middle in _pages)
        {
            foreach (nint[]? pages in middle ?? [])
            {
                foreach (ref nint page in pages.AsSpan())
                {
                    NativeMemory.Free((void*)page);
                    page = 0;
                }
            }
        }

        while (_pool.TryPop(out nint page))
        {
            NativeMemory.Free((void*)page);
        }
    }
}
