using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Is physical memory whose pages are given out one after the other.</summary>
internal sealed class PageMemory : IPhysicalMemory
{
    private const int PageSize = 4096;

    // Address 0 means none.
    private const ulong Base = PageSize;

    private readonly byte[] _bytes;

    public PageMemory(int pages) => _bytes = new byte[pages * PageSize];

    /// <summary>Gets the number of pages that are given out.</summary>
    public int Used { get; private set; }

    public ulong Allocate() => Base + ((ulong)Used++ * PageSize);

    /// <summary>Gives a page of zeroes.</summary>
    public ulong AllocateZeroed()
    {
        ulong page = Allocate();
        _bytes.AsSpan((int)(page - Base), PageSize).Clear();
        return page;
    }

    /// <summary>Takes back every page.</summary>
    public void Clear() => Used = 0;

    public bool TryRead(ulong physicalAddress, Span<byte> destination)
    {
        _bytes.AsSpan((int)(physicalAddress - Base), destination.Length).CopyTo(destination);
        return true;
    }

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source)
    {
        source.CopyTo(_bytes.AsSpan((int)(physicalAddress - Base)));
        return true;
    }
}
