using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Is physical memory whose bytes are an input, and counts what is read of it.</summary>
internal sealed class MemoryImage(byte[] bytes) : IPhysicalMemory
{
    public const int PageSize = 4096;

    /// <summary>The physical address of the first byte.</summary>
    public const ulong Base = 0x10_0000;

    /// <summary>Gets the reads, and the bytes that they gave.</summary>
    public long Steps { get; private set; }

    public bool TryRead(ulong physicalAddress, Span<byte> destination)
    {
        Steps++;
        ulong offset = physicalAddress - Base;
        if (physicalAddress < Base || offset > (ulong)bytes.Length || (ulong)destination.Length > (ulong)bytes.Length - offset)
        {
            return false;
        }

        Steps += destination.Length;
        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        return true;
    }

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source) => false;
}

/// <summary>Is physical memory that grows page by page into an input.</summary>
internal sealed class MemoryBuilder : IPhysicalMemory
{
    private readonly List<byte[]> _pages = [];

    /// <summary>Gets the number of pages.</summary>
    public int Count => _pages.Count;

    /// <summary>Gets the address of the page that comes next.</summary>
    public ulong Next => MemoryImage.Base + ((ulong)_pages.Count * MemoryImage.PageSize);

    /// <summary>Adds a zeroed page.</summary>
    public ulong Allocate()
    {
        _pages.Add(new byte[MemoryImage.PageSize]);
        return Next - MemoryImage.PageSize;
    }

    /// <summary>Adds zeroed pages in a row.</summary>
    public ulong[] Allocate(int count)
    {
        var pages = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            pages[i] = Allocate();
        }

        return pages;
    }

    /// <summary>Adds pages until the next one's number is a multiple of a number.</summary>
    public void Align(int pages)
    {
        while (Next / MemoryImage.PageSize % (ulong)pages != 0)
        {
            Allocate();
        }
    }

    public void WriteWord(ulong address, ulong value)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        if (!TryWrite(address, word))
        {
            throw new ArgumentOutOfRangeException(nameof(address));
        }
    }

    public void Write<T>(ulong address, T structure)
        where T : struct, IKhoSer<T>
    {
        Span<byte> bytes = stackalloc byte[T.SerSize];
        structure.Write(bytes);
        if (!TryWrite(address, bytes))
        {
            throw new ArgumentOutOfRangeException(nameof(address));
        }
    }

    public byte[] ToArray() => [.. _pages.SelectMany(static page => page)];

    public bool TryRead(ulong physicalAddress, Span<byte> destination) =>
        TryFind(physicalAddress, destination.Length, out Span<byte> found) && found.TryCopyTo(destination);

    public bool TryWrite(ulong physicalAddress, ReadOnlySpan<byte> source) =>
        TryFind(physicalAddress, source.Length, out Span<byte> found) && source.TryCopyTo(found);

    // Writers never cross a page.
    private bool TryFind(ulong address, int length, out Span<byte> found)
    {
        found = default;
        ulong offset = address - MemoryImage.Base;
        if (address < MemoryImage.Base
            || offset / MemoryImage.PageSize >= (ulong)_pages.Count
            || (int)(offset % MemoryImage.PageSize) + length > MemoryImage.PageSize)
        {
            return false;
        }

        found = _pages[(int)(offset / MemoryImage.PageSize)].AsSpan((int)(offset % MemoryImage.PageSize), length);
        return true;
    }
}
