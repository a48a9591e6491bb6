using LuoInterop.Arrays;
using LuoInterop.Fuzz;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Makes memory whose pages refer to one another as often as they can.</summary>
internal static class HostileMemory
{
    public static readonly (string Target, string What, Func<int, byte[]> Make)[] All =
    [
        ("kho-map", "full bitmaps", static n => Map(n, static (i, bitmaps) => bitmaps[i])),
        ("kho-map", "one bitmap at every byte", static n => Map(n, static (i, bitmaps) => bitmaps[0] + (ulong)i)),
        ("kho-map", "links to every page from every page", Everywhere),
        ("radix-tree", "full leaves", Leaves),
        ("radix-tree", "links to every page from every page", Everywhere),
        ("radix-tree", "nodes at every byte", static n => AtEveryByte(n)),
        ("block-chain", "full blocks", Blocks),
        ("block-chain", "blocks at every 16 bytes", static n => Chain(n, 16)),
        ("block-chain", "a circle", static n => Chain(n, 4096, isCircle: true)),
        ("folio-list", "full pages", static n => Folios(n, static (i, pages) => pages[i])),
        ("folio-list", "one page as often as there are", static n => Folios(n, static (_, pages) => pages[0])),
        ("folio-list", "a page at every 16 bytes", static n => Folios(n, static (i, pages) => pages[0] + ((ulong)i * 16))),
        ("kho-array", "full pages", static n => Sparse(n, isCircle: false)),
        ("kho-array", "a circle", static n => Sparse(n, isCircle: true)),
        ("setup-data", "a long list", Setup),
        ("handover", "pieces of order 14 that are not there", static n => Pieces(n, 14)),
        ("handover", "pieces of order 19 that are not there", static n => Pieces(n, 19)),
        ("handover", "one folio as often as there are", OneFolio),
        ("handover", "sessions of one chain of files", OneChain),
        ("handover", "files of one record", OneRecord),
    ];

    private static byte[] Map(int length, Func<int, ulong[], ulong> bitmapOf)
    {
        var memory = new MemoryBuilder();
        ulong head = memory.Allocate();
        ulong[] bitmaps = memory.Allocate((length / MemoryImage.PageSize) - 2);
        Array.ForEach(bitmaps, bitmap => Fill(memory, bitmap, ulong.MaxValue));
        var chunks = new List<ulong>();
        KhoserMemMap.Write(
            memory, bitmaps.Select((_, i) => new KhoserMemMap.Bitmap(0, (ulong)i, bitmapOf(i, bitmaps))), memory.Allocate, chunks);
        memory.WriteWord(head, chunks[0]);
        return memory.ToArray();
    }

    private static byte[] Everywhere(int length)
    {
        var memory = new MemoryBuilder();
        ulong[] pages = memory.Allocate(length / MemoryImage.PageSize);
        foreach (ulong page in pages)
        {
            for (int word = 0; word < 512; word++)
            {
                memory.WriteWord(page + ((ulong)word * 8), pages[(word + 1) % pages.Length]);
            }
        }

        return memory.ToArray();
    }

    private static byte[] Leaves(int length)
    {
        var memory = new MemoryBuilder();
        var tree = new KhoRadixTree(memory, memory.Allocate(), memory.Allocate);
        for (ulong leaf = 0; memory.Count < length / MemoryImage.PageSize; leaf++)
        {
            tree.Add(leaf << (KhoRadixTree.KHO_BITMAP_SIZE_LOG2 + KhoRadixTree.PageShift), 0);
            Fill(memory, memory.Next - MemoryImage.PageSize, ulong.MaxValue);
        }

        return memory.ToArray();
    }

    private static byte[] AtEveryByte(int length)
    {
        var memory = new MemoryBuilder();
        ulong[] pages = memory.Allocate(length / MemoryImage.PageSize);
        ulong link = pages[0] + 1;
        foreach (ulong page in pages)
        {
            for (int word = 0; word < 512; word++)
            {
                memory.WriteWord(page + ((ulong)word * 8), link++);
            }
        }

        return memory.ToArray();
    }

    private static byte[] Blocks(int length)
    {
        var memory = new MemoryBuilder();
        ulong head = memory.Allocate();
        ulong[] blocks = memory.Allocate((length / MemoryImage.PageSize) - 1);
        KhoBlockChain<LuoSessionSer>.Write(
            memory, blocks, [.. Enumerable.Repeat(new LuoSessionSer(new string('s', 64), 0, 0), blocks.Length * LuoSessionSer.PerBlock)]);
        memory.WriteWord(head, blocks[0]);
        return memory.ToArray();
    }

    // Blocks whose headers lie so near each other: each count is legal, each link leads to the next.
    private static byte[] Chain(int length, int distance, bool isCircle = false)
    {
        var memory = new MemoryBuilder();
        ulong head = memory.Allocate();
        ulong first = memory.Allocate((length / MemoryImage.PageSize) - 1)[0];
        int blocks = (length - (2 * MemoryImage.PageSize)) / distance;
        memory.WriteWord(head, first);
        for (int i = 0; i < blocks; i++)
        {
            ulong block = first + (ulong)(i * distance);
            memory.Write(block, new KhoBlockHeaderSer(i + 1 < blocks ? block + (ulong)distance : isCircle ? first : 0, 51));
        }

        return memory.ToArray();
    }

    private static byte[] Folios(int length, Func<int, ulong[], ulong> pageOf)
    {
        var memory = new MemoryBuilder();
        ulong head = memory.Allocate();
        int chunk = (int)((memory.Allocate() - MemoryImage.Base) / MemoryImage.PageSize);
        ulong[] pages = memory.Allocate((length / MemoryImage.PageSize) - 2);
        KhoVmalloc descriptor = KhoVmallocList.Write(
            memory, [MemoryImage.Base + (ulong)(chunk * MemoryImage.PageSize)], [.. pages.Select((_, i) => pageOf(i, pages))]);
        memory.Write(head, descriptor);
        memory.WriteWord(head + KhoVmalloc.Size, (ulong)pages.Length * MemfdLuoFolioWriter.PerPage);
        return memory.ToArray();
    }

    private static byte[] Sparse(int length, bool isCircle)
    {
        var memory = new MemoryBuilder();
        ulong head = memory.Allocate();
        var writer = new KhoArrayWriter(memory, memory.Allocate);
        for (ulong position = 0; memory.Count < length / MemoryImage.PageSize
            || position % KhoArrayPage.KA_PAGE_NR_ENTRIES != 0; position++)
        {
            writer.Add(position, KhoArrayEntry.OfValue(position));
        }

        memory.Write(head, writer.Complete());
        if (isCircle)
        {
            memory.WriteWord(writer.Pages[^1], writer.Pages[0]);
        }

        return memory.ToArray();
    }

    private static byte[] Setup(int length)
    {
        var memory = new MemoryBuilder();
        ulong first = memory.Allocate(length / MemoryImage.PageSize)[0];
        memory.WriteWord(first + 0x250, first + 0x400);
        for (ulong entry = first + 0x400; entry + 32 < memory.Next; entry += 16)
        {
            memory.WriteWord(entry, entry + 16);
        }

        return memory.ToArray();
    }

    private static byte[] Pieces(int length, ushort order) => Handover(length, (memory, _, pages) =>
    {
        // One record whose array of folios is as long as there is room, of pieces of which none is in memory.
        ulong record = memory.Allocate();
        ulong[] chunks = memory.Allocate(Math.Max(1, pages - 6));
        int most = (int)(KhoVmallocList.MaxPages >> order);
        int pieces = Math.Min(most, (chunks.Length * KhoVmalloc.KHO_VMALLOC_SIZE) - 1);
        KhoVmalloc descriptor = KhoVmallocList.Write(
            memory,
            chunks[..KhoVmallocList.ChunksFor(pieces)],
            [.. Enumerable.Range(1, pieces).Select(i => (ulong)i << (order + 12 + 4))],
            order);
        memory.Write(record, new MemfdLuoSer(0, 4096, 0, 0, 1, descriptor));
        return [new LuoFileSer(MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE, record, 1)];
    });

    private static byte[] OneFolio(int length) => Handover(length, (memory, tree, pages) =>
    {
        ulong folio = memory.Allocate();
        tree.Add(folio, 0);
        ulong record = memory.Allocate();
        var folios = new MemfdLuoFolioWriter(memory, memory.Allocate);
        int count = Math.Max(1, pages - 16) * MemfdLuoFolioWriter.PerPage;
        for (int i = 0; i < count; i++)
        {
            folios.Add(new MemfdLuoFolioSer(folio >> 12, 3, (ulong)i));
        }

        folios.Complete(out KhoVmalloc descriptor);
        memory.Write(record, new MemfdLuoSer(0, (ulong)count << 12, 0, 0, (ulong)count, descriptor));
        return [new LuoFileSer(MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE, record, 1)];
    });

    private static byte[] OneRecord(int length) => Handover(length, (memory, _, pages) =>
    {
        ulong record = memory.Allocate();
        memory.Write(record, default(MemfdLuoSer));
        return [.. Enumerable.Repeat(
            new LuoFileSer(MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE, record, 1), Math.Max(1, pages - 6) * LuoFileSer.PerBlock)];
    });

    private static byte[] OneChain(int length) => Handover(
        length,
        static (_, _, pages) => [.. Enumerable.Repeat(new LuoFileSer("other", 0, 1), Math.Max(1, pages - 6) * LuoFileSer.PerBlock)],
        sessions: LuoSessionSer.PerBlock);

    private static byte[] Handover(int length, Func<MemoryBuilder, KhoRadixTree, int, LuoFileSer[]> fill, int sessions = 1)
    {
        var memory = new MemoryBuilder();
        ulong fdt = memory.Allocate();
        var tree = new KhoRadixTree(memory, memory.Allocate(), memory.Allocate);
        LuoFileSer[] files = fill(memory, tree, length / MemoryImage.PageSize);
        ulong[] blocks = memory.Allocate(KhoBlockChain<LuoFileSer>.BlocksFor(files.Length));
        KhoBlockChain<LuoFileSer>.Write(memory, blocks, files);
        ulong chain = memory.Allocate();
        KhoBlockChain<LuoSessionSer>.Write(
            memory, [chain], [.. Enumerable.Repeat(new LuoSessionSer("s", blocks[0], (ulong)files.Length), sessions)]);
        ulong blob = memory.Allocate();
        memory.Write(blob, new LuoSer(LuoSer.LUO_ABI_COMPATIBLE, 2, chain, 0));
        var root = new KhoRootFdt(tree.Root);
        root.AddSubtree(LuoSer.LUO_KHO_ENTRY_NAME, blob, LuoSer.Size);
        memory.TryWrite(fdt, root.ToArray());
        return memory.ToArray();
    }

    private static void Fill(MemoryBuilder memory, ulong page, ulong word)
    {
        for (int i = 0; i < 512; i++)
        {
            memory.WriteWord(page + ((ulong)i * 8), word);
        }
    }
}
