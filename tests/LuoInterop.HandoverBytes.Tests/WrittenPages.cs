using LuoInterop.Kho.Abi;
using Xunit;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Takes what an encoder writes, on pages that are zero before, to compare it with what a kernel wrote there.</summary>
internal sealed class WrittenPages : IPhysicalMemory
{
    public const int PageSize = 4096;

    private readonly SortedDictionary<ulong, byte[]> _pages = [];
    private ulong _next = 1UL << 40;

    public int Count => _pages.Count;

    /// <summary>Gives a zeroed page at an address that no machine has.</summary>
    public ulong Allocate()
    {
        _next += PageSize;
        _pages.Add(_next, new byte[PageSize]);
        return _next;
    }

    /// <summary>Encodes a structure at an address.</summary>
    public void Write<T>(ulong address, T value)
        where T : struct, IKhoSer<T>
    {
        byte[] bytes = new byte[T.SerSize];
        value.Write(bytes);
        Assert.True(TryWrite(address, bytes));
    }

    public bool TryRead(ulong physicalAddress, Span<byte> destination)
    {
        (ulong page, int offset) = (physicalAddress & ~(PageSize - 1UL), (int)(physicalAddress & (PageSize - 1)));
        if (!_pages.TryGetValue(page, out byte[]? bytes) || bytes.Length - offset < destination.Length)
        {
            return false;
        }

        bytes.AsSpan(offset, destination.Length).CopyTo(destination);
        return true;
    }

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source)
    {
        (ulong page, int offset) = (physicalAddress & ~(PageSize - 1UL), (int)(physicalAddress & (PageSize - 1)));
        if (!_pages.TryGetValue(page, out byte[]? bytes))
        {
            bytes = new byte[PageSize];
            _pages.Add(page, bytes);
        }

        source.CopyTo(bytes.AsSpan(offset));
        return true;
    }

    /// <summary>Compares every page, to its last byte, with a kernel's.</summary>
    public void AssertSame(IPhysicalMemory kernel)
    {
        byte[] page = new byte[PageSize];
        foreach ((ulong address, byte[] written) in _pages)
        {
            Assert.True(kernel.TryRead(address, page));
            int same = written.AsSpan().CommonPrefixLength(page);
            Assert.True(same
                == PageSize, $"The page 0x{address:x} differs at {same}: {(same < PageSize ? page[same] : 0):x2}, not "
                    + $"{(same < PageSize ? written[same] : 0):x2}.");
        }
    }
}
