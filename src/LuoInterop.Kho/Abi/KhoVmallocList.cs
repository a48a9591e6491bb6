using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Reads and builds the chunk pages of a <see cref="KhoVmalloc"/>: a link and 511 physical addresses each.</summary>
/// <param name="Chunks">The physical addresses of the chunk pages, in list order.</param>
/// <param name="Pages">The physical addresses of the area's pieces, each of <c>1 &lt;&lt; Order</c> pages.</param>
public sealed record KhoVmallocList(IReadOnlyList<ulong> Chunks, IReadOnlyList<ulong> Pages)
{
    /// <summary>Bytes of a chunk page.</summary>
    public const int ChunkSize = 4096;

    /// <summary>The most pages of an area: the kernel's array of page pointers may not pass INT_MAX bytes.</summary>
    public const uint MaxPages = int.MaxValue / 8;

    /// <summary>The largest order: from 2^31 bytes on, the kernel's 32-bit alignment is 0.</summary>
    public const int MaxOrder = 19;

    /// <summary>Gets the chunk pages that a list needs: a full last chunk is followed by an empty one, as the kernel does it.</summary>
    public static int ChunksFor(int pieces) => (pieces / KhoVmalloc.KHO_VMALLOC_SIZE) + 1;

    /// <summary>Reads a list with the checks of <c>kho_restore_vmalloc</c>, whose refusal the memfd handler turns into EINVAL.</summary>
    /// <remarks>
    /// Stricter than the kernel: chunks and pieces begin pages, and none comes again (the kernel fails to restore its page). So
    /// an area is never larger than the memory that it names.
    /// </remarks>
    /// <exception cref="KhoFormatException">The list is not sound.</exception>
    public static KhoVmallocList Read(IPhysicalMemory memory, KhoVmalloc descriptor)
    {
        if (descriptor.TotalPages > MaxPages)
        {
            throw new KhoFormatException(
                KhoFormatError.TooLarge, $"An area of {descriptor.TotalPages} pages; {MaxPages} are possible.", Errno.EINVAL);
        }

        if (descriptor.Order > MaxOrder)
        {
            throw new KhoFormatException(
                KhoFormatError.BadOrder, $"Order {descriptor.Order}; {MaxOrder} is the largest.", Errno.EINVAL);
        }

        var chunks = new List<ulong>();
        var pages = new List<ulong>();
        var seen = new HashSet<ulong>();
        ulong expected = descriptor.TotalPages;
        ulong found = 0;
        Span<byte> chunk = stackalloc byte[ChunkSize];
        for (ulong address = descriptor.First; address != 0;)
        {
            RequirePage(address, "chunk");
            if (!seen.Add(address))
            {
                throw new KhoFormatException(KhoFormatError.Cycle, $"The chunk at 0x{address:x} is linked twice.", Errno.EINVAL);
            }

            if ((ulong)chunks.Count > expected >> descriptor.Order)
            {
                throw new KhoFormatException(
                    KhoFormatError.CountMismatch, $"More chunks than {expected} pages of order {descriptor.Order} need.", Errno.EINVAL);
            }

            if (!memory.TryRead(address, chunk))
            {
                throw KhoFormatException.Unreadable(address, "vmalloc chunk");
            }

            chunks.Add(address);
            for (int offset = 8; offset < ChunkSize; offset += 8)
            {
                ulong page = BinaryPrimitives.ReadUInt64LittleEndian(chunk[offset..]);
                if (page == 0)
                {
                    break;
                }

                found += 1UL << descriptor.Order;
                if (found > expected)
                {
                    throw Mismatch(expected, $"at least {found}");
                }

                RequirePage(page, "piece");
                pages.Add(page);
            }

            address = BinaryPrimitives.ReadUInt64LittleEndian(chunk);
        }

        if (found != expected)
        {
            throw Mismatch(expected, $"{found}");
        }

        RequireApart(pages, descriptor.Order);
        return new KhoVmallocList(chunks, pages);
    }

    /// <summary>Fills chunk pages as <c>kho_preserve_vmalloc</c> does, and returns their descriptor.</summary>
    /// <param name="memory">The memory to write into.</param>
    /// <param name="chunks">The addresses of <see cref="ChunksFor"/> pages.</param>
    /// <param name="pages">The addresses of the area's pieces, none of them 0.</param>
    /// <param name="order">The order of each piece.</param>
    /// <param name="flags">KHO_VMALLOC_ flags.</param>
    public static KhoVmalloc Write(
        IPhysicalMemory memory,
        IReadOnlyList<ulong> chunks,
        IReadOnlyList<ulong> pages,
        ushort order = 0,
        ushort flags = KhoVmalloc.KHO_VMALLOC_ALLOC)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, MaxOrder);
        ArgumentOutOfRangeException.ThrowIfNotEqual(chunks.Count, ChunksFor(pages.Count));
        ulong total = (ulong)pages.Count << order;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(total, MaxPages);

        byte[] chunk = new byte[ChunkSize];
        int done = 0;
        for (int i = 0; i < chunks.Count; i++)
        {
            Array.Clear(chunk);
            BinaryPrimitives.WriteUInt64LittleEndian(chunk, i + 1 < chunks.Count ? chunks[i + 1] : 0);
            for (int slot = 1; slot <= KhoVmalloc.KHO_VMALLOC_SIZE && done < pages.Count; slot++, done++)
            {
                ArgumentOutOfRangeException.ThrowIfZero(pages[done]);
                BinaryPrimitives.WriteUInt64LittleEndian(chunk.AsSpan(slot * 8), pages[done]);
            }

            if (!memory.TryWrite(chunks[i], chunk))
            {
                throw KhoFormatException.Unreadable(chunks[i], "vmalloc chunk");
            }
        }

        return new KhoVmalloc(chunks[0], (uint)total, flags, order);
    }

    private static void RequirePage(ulong address, string what)
    {
        if (address % ChunkSize != 0)
        {
            throw new KhoFormatException(
                KhoFormatError.BadLayout, $"The {what} at 0x{address:x} does not begin a page of memory.", Errno.EINVAL);
        }
    }

    private static void RequireApart(List<ulong> pages, int order)
    {
        ulong[] sorted = [.. pages];
        Array.Sort(sorted);
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] - sorted[i - 1] < (ulong)ChunkSize << order)
            {
                throw new KhoFormatException(KhoFormatError.Cycle, $"The piece at 0x{sorted[i]:x} is in the area twice.", Errno.EINVAL);
            }
        }
    }

    private static KhoFormatException Mismatch(ulong expected, string found) =>
        new(KhoFormatError.CountMismatch, $"The descriptor says {expected} pages, the chunks hold {found}.", Errno.EINVAL);
}
