using System.Numerics;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Formats;

/// <summary>Reads the records that the handler of memfds wrote, "memfd-v1" and "memfd-v2", and the folios that they lead to.</summary>
/// <param name="memory">The memory that the addresses point into.</param>
/// <param name="claims">The pages that belong to something already.</param>
/// <param name="pieces">The map of preserved memory; null where it is lost, and the order of a folio is how far the next one is.</param>
internal sealed class MemfdReader(IPhysicalMemory memory, PageRanges claims, PieceFinder? pieces)
{
    /// <summary>Reads a file's record; null for another handler's.</summary>
    /// <exception cref="KhoFormatException">It is not sound.</exception>
    public HandoverMemfd? Read(LuoFileSer file) => file.Compatible switch
    {
        MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE => Read(file.Data, MemfdLuoSer.Size, MemfdLuoSer.Read),
        MemfdLuoSerV1.MEMFD_LUO_FH_COMPATIBLE => Read(file.Data, MemfdLuoSerV1.Size, WithoutSeals),
        _ => null,
    };

    private static MemfdLuoSer WithoutSeals(ReadOnlySpan<byte> bytes)
    {
        MemfdLuoSerV1 ser = MemfdLuoSerV1.Read(bytes);
        return new MemfdLuoSer(ser.Pos, ser.FileSize, 0, 0, ser.NrFolios, ser.Folios);
    }

    private delegate MemfdLuoSer Decode(ReadOnlySpan<byte> bytes);

    private HandoverMemfd Read(ulong data, int size, Decode decode)
    {
        Span<byte> bytes = stackalloc byte[MemfdLuoSer.Size];
        if (!memory.TryRead(data, bytes[..size]))
        {
            throw KhoFormatException.Unreadable(data, "memfd_luo_ser");
        }

        Claim(data, 0);
        MemfdLuoSer record = decode(bytes[..size]);
        var reader = new MemfdLuoFolioReader(memory, record.Folios, record.NrFolios);
        foreach (ulong chunk in reader.List.Chunks)
        {
            Claim(chunk, 0);
        }

        foreach (ulong piece in reader.List.Pages)
        {
            RequirePresent(piece, record.Folios.Order);
            Claim(piece, record.Folios.Order);
        }

        var folios = new HandoverFolios();
        if (pieces is null)
        {
            Infer(reader, record.FileSize, folios);
        }
        else
        {
            while (reader.TryRead(out MemfdLuoFolioSer folio))
            {
                Add(folios, folio, pieces.FindOrder(folio.Pfn << KhoRadixTree.PageShift));
            }
        }

        return new HandoverMemfd(record, reader.List, folios);
    }

    // The kernel skips an entry of frame 0. What is not preserved has no content, and so no pages that could be another's.
    private void Add(HandoverFolios folios, MemfdLuoFolioSer folio, int order)
    {
        if (order >= 0 && folio.Pfn != 0)
        {
            Claim(folio.Pfn << KhoRadixTree.PageShift, order);
        }

        folios.Add(new HandoverFolio(folio, order));
    }

    // Every kernel fills a file's holes before it lists the folios: each begins where the one before it ends.
    private void Infer(MemfdLuoFolioReader reader, ulong fileSize, HandoverFolios folios)
    {
        ulong end = (fileSize / KhoRadixTree.PageSize) + (fileSize % KhoRadixTree.PageSize == 0 ? 0UL : 1);
        if (!reader.TryRead(out MemfdLuoFolioSer folio))
        {
            return;
        }

        while (reader.TryRead(out MemfdLuoFolioSer next))
        {
            Add(folios, folio, Order(folio, next.Index, isLast: false));
            folio = next;
        }

        Add(folios, folio, Order(folio, end, isLast: true));
    }

    // -1 where the pages up to there are no folio: the content of such a file cannot be told.
    private static int Order(MemfdLuoFolioSer folio, ulong end, bool isLast)
    {
        if (end <= folio.Index || folio.Pfn == 0)
        {
            return -1;
        }

        ulong pages = end - folio.Index;
        pages = isLast && pages <= 1UL << KhoRadixTree.MaxPageOrder ? BitOperations.RoundUpToPowerOf2(pages) : pages;
        int order = BitOperations.Log2(pages);
        return pages == 1UL << order && order <= KhoRadixTree.MaxPageOrder && (folio.Pfn & (pages - 1)) == 0 ? order : -1;
    }

    // A piece that begins and ends in memory; what lies between is found out where it is read.
    private void RequirePresent(ulong piece, int order)
    {
        ulong last = piece + ((1UL << order) << KhoRadixTree.PageShift) - sizeof(ulong);
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        if (last < piece || !memory.TryRead(piece, word) || !memory.TryRead(last, word))
        {
            throw KhoFormatException.Unreadable(piece, $"piece of order {order}");
        }
    }

    private void Claim(ulong address, int order)
    {
        if (!claims.TryAdd(address >> KhoRadixTree.PageShift, 1UL << order))
        {
            throw new KhoFormatException(KhoFormatError.Cycle, $"The page 0x{address:x} belongs to two lists, or to one twice.");
        }
    }
}
