using System.Buffers.Binary;
using System.Numerics;

namespace LuoInterop.Kho.Abi;

/// <summary>Reads and builds the list of preserved pages of "kho-v1": chunks of one page that point at bitmaps of one page.</summary>
/// <remarks>
/// Source: kho_mem_serialize and kho_mem_deserialize of <c>kernel/kexec_handover.c</c>, from Linux 6.19 on in
/// <c>kernel/liveupdate</c>; Linux 6.16 to 7.0. Chunks and bitmaps are not marked as preserved. The kernel checks nothing: what
/// is named here makes it follow a bad address.
/// </remarks>
public static class KhoserMemMap
{
    /// <summary>The kernel's PAGE_SHIFT: pages of 4 KiB.</summary>
    public const int PageShift = KhoRadixTree.PageShift;
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = 1 << PageShift;

    /// <summary>Bits of one bitmap (<c>PRESERVE_BITS</c>).</summary>
    public const int PRESERVE_BITS = PageSize * 8;

    /// <summary>The largest order that is read; the kernel's largest folio has 10, and from 20 on its <c>int</c> of bytes is 0.</summary>
    public const int MaxOrder = 19;

    /// <summary>The most chunks and bitmaps that are read; 4 GiB of them.</summary>
    public const int MaxPages = 1 << 20;

    /// <summary>Names one bitmap of an order.</summary>
    /// <param name="Order">The order of every piece in it.</param>
    /// <param name="Index">The bitmap's number: its bit 0 is piece <c>Index * PRESERVE_BITS</c>.</param>
    /// <param name="Address">The bitmap's physical address.</param>
    public readonly record struct Bitmap(int Order, ulong Index, ulong Address);

    /// <summary>Builds the chunks over bitmaps, as kho_mem_serialize does: each order begins a chunk of its own.</summary>
    /// <param name="memory">The memory to write into.</param>
    /// <param name="bitmaps">The bitmaps, by order and then by index.</param>
    /// <param name="allocatePage">Gives the address of a new, zeroed page, or 0 when memory is short.</param>
    /// <param name="chunks">The chunks' addresses, the first one being the map's; also those made before memory ran short.</param>
    /// <returns><see cref="Errno.None"/> or ENOMEM.</returns>
    public static Errno Write(IPhysicalMemory memory, IEnumerable<Bitmap> bitmaps, Func<ulong> allocatePage, List<ulong> chunks)
    {
        var header = new KhoserMemChunkHdr(0, uint.MaxValue, 0);
        Span<byte> bytes = stackalloc byte[KhoserMemChunkHdr.Size];
        foreach (Bitmap bitmap in bitmaps)
        {
            if (header.Order != (uint)bitmap.Order || header.NumElms == KhoserMemChunkHdr.KHOSER_BITMAP_SIZE)
            {
                ulong chunk = allocatePage();
                if (chunk == 0)
                {
                    return Errno.ENOMEM;
                }

                if (chunks.Count > 0)
                {
                    (header with { Next = chunk }).Write(bytes);
                    Put(memory, chunks[^1], bytes);
                }

                chunks.Add(chunk);
                header = new KhoserMemChunkHdr(0, (uint)bitmap.Order, 0);
            }

            new KhoserMemBitmapPtr((bitmap.Index * PRESERVE_BITS) << (bitmap.Order + PageShift), bitmap.Address).Write(bytes);
            Put(memory, chunks[^1] + KhoserMemChunkHdr.Size + (header.NumElms * KhoserMemBitmapPtr.Size), bytes);
            header = header with { NumElms = header.NumElms + 1 };
            header.Write(bytes);
            Put(memory, chunks[^1], bytes);
        }

        return Errno.None;
    }

    /// <summary>Enumerates the pieces in the list's order.</summary>
    /// <param name="memory">The memory that the addresses point into.</param>
    /// <param name="first">The first chunk; 0 is an empty map.</param>
    /// <exception cref="KhoFormatException">
    /// While enumerating: <see cref="KhoFormatError.Unreadable"/>, <see cref="KhoFormatError.BadLayout"/>,
    /// <see cref="KhoFormatError.Cycle"/>, <see cref="KhoFormatError.BadCount"/>, <see cref="KhoFormatError.BadOrder"/> or
    /// <see cref="KhoFormatError.TooLarge"/>.
    /// </exception>
    public static IEnumerable<(ulong Address, int Order)> Pieces(IPhysicalMemory memory, ulong first)
    {
        byte[] bits = new byte[PageSize];
        foreach ((KhoserMemBitmapPtr pointer, int order, _) in Bitmaps(memory, first))
        {
            if (!memory.TryRead(pointer.Bitmap, bits))
            {
                throw KhoFormatException.Unreadable(pointer.Bitmap, "preserved-memory bitmap");
            }

            for (int word = 0; word < PageSize / 8; word++)
            {
                for (ulong rest = BinaryPrimitives.ReadUInt64LittleEndian(bits.AsSpan(word * 8)); rest != 0; rest &= rest - 1)
                {
                    ulong bit = (uint)((word * 64) + BitOperations.TrailingZeroCount(rest));
                    yield return (pointer.PhysStart + (bit << (order + PageShift)), order);
                }
            }
        }
    }

    /// <summary>Enumerates the bitmaps in the list's order, each with the chunk that names it; their bits are not looked at.</summary>
    /// <exception cref="KhoFormatException">While enumerating, as for <see cref="Pieces"/>.</exception>
    internal static IEnumerable<(KhoserMemBitmapPtr Pointer, int Order, ulong Chunk)> Bitmaps(IPhysicalMemory memory, ulong first)
    {
        // A sound map names each page once; without this check a few bad pages would stand for endless work.
        var seen = new HashSet<ulong>();
        byte[] chunk = new byte[PageSize];
        for (ulong address = first; address != 0;)
        {
            RequireNew(address, seen, "preserved-memory chunk");
            if (!memory.TryRead(address, chunk))
            {
                throw KhoFormatException.Unreadable(address, "preserved-memory chunk");
            }

            KhoserMemChunkHdr header = KhoserMemChunkHdr.Read(chunk);
            if (header.NumElms > KhoserMemChunkHdr.KHOSER_BITMAP_SIZE)
            {
                throw new KhoFormatException(
                    KhoFormatError.BadCount,
                    $"The chunk at 0x{address:x} says {header.NumElms} bitmaps; {KhoserMemChunkHdr.KHOSER_BITMAP_SIZE} fit.");
            }

            if (header.Order > MaxOrder)
            {
                throw new KhoFormatException(
                    KhoFormatError.BadOrder, $"The chunk at 0x{address:x} says order {header.Order}; {MaxOrder} is the largest.");
            }

            for (int i = 0; i < (int)header.NumElms; i++)
            {
                KhoserMemBitmapPtr pointer = KhoserMemBitmapPtr.Read(chunk.AsSpan(KhoserMemChunkHdr.Size + (i * KhoserMemBitmapPtr.Size)));
                RequireNew(pointer.Bitmap, seen, "preserved-memory bitmap");
                yield return (pointer, (int)header.Order, address);
            }

            address = header.Next;
        }
    }

    private static void RequireNew(ulong address, HashSet<ulong> seen, string what)
    {
        // Or one page would be thousands of maps, each beginning at another byte.
        if (address % PageSize != 0)
        {
            throw new KhoFormatException(KhoFormatError.BadLayout, $"The {what} at 0x{address:x} does not begin a page of memory.");
        }

        if (!seen.Add(address))
        {
            throw new KhoFormatException(KhoFormatError.Cycle, $"The {what} at 0x{address:x} is named twice.");
        }

        if (seen.Count > MaxPages)
        {
            throw new KhoFormatException(KhoFormatError.TooLarge, $"The preserved-memory map has more than {MaxPages} pages.");
        }
    }

    private static void Put(IPhysicalMemory memory, ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!memory.TryWrite(address, bytes))
        {
            throw KhoFormatException.Unreadable(address, "preserved-memory chunk");
        }
    }
}
