using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Holds a few 4 KiB pages of physical memory and counts what is read of them.</summary>
internal sealed class PhysicalPages : IPhysicalMemory
{
    private readonly SortedDictionary<ulong, byte[]> _pages = [];
    private ulong _next = 0x1_0000_0000;

    public long Reads { get; private set; }

    public IReadOnlyCollection<ulong> Addresses => _pages.Keys;

    public byte[] this[ulong address] => _pages[address];

    public ulong Allocate()
    {
        ulong address = _next;
        _next += 0x1000;
        _pages.Add(address, new byte[0x1000]);
        return address;
    }

    public ulong[] Allocate(int count)
    {
        ulong[] pages = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            pages[i] = Allocate();
        }

        return pages;
    }

    public bool TryRead(ulong physicalAddress, Span<byte> destination)
    {
        Reads++;
        if (!TryFind(physicalAddress, destination.Length, out Span<byte> found))
        {
            return false;
        }

        found.CopyTo(destination);
        return true;
    }

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source)
    {
        if (!TryFind(physicalAddress, source.Length, out Span<byte> found))
        {
            return false;
        }

        source.CopyTo(found);
        return true;
    }

    // Ranges here never cross a page.
    private bool TryFind(ulong address, int length, out Span<byte> found)
    {
        found = default;
        int offset = (int)(address & 0xfff);
        if (offset + length > 0x1000 || !_pages.TryGetValue(address - (ulong)offset, out byte[]? page))
        {
            return false;
        }

        found = page.AsSpan(offset, length);
        return true;
    }
}
