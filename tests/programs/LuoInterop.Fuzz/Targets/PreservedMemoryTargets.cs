using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Reads the map of preserved memory of "kho-v1": chunks of bitmaps.</summary>
internal sealed class KhoMapTarget() : MemoryTarget("kho-map", new Cost(32768, 16, 8192, 4))
{
    private const int MostWritten = 4096;

    protected override void Build(Random random, MemoryBuilder memory)
    {
        ulong head = memory.Allocate();
        var bitmaps = new List<KhoserMemMap.Bitmap>();
        for (int order = 0; order < 3; order++)
        {
            ulong index = 0;
            for (int i = random.Next(4); i > 0; i--)
            {
                index += (ulong)random.Next(1, 3);
                ulong bitmap = memory.Allocate();
                for (int bits = random.Next(6); bits > 0; bits--)
                {
                    memory.WriteWord(bitmap + ((ulong)random.Next(512) * 8), (ulong)random.NextInt64() & (ulong)random.NextInt64());
                }

                bitmaps.Add(new KhoserMemMap.Bitmap(order * 5, index, bitmap));
            }
        }

        memory.WriteWord(head, Write(memory, bitmaps));
    }

    // Counted, and kept as far as they are written again: a bitmap of a page is 32,768 pieces.
    protected override object Read(MemoryImage memory)
    {
        var kept = new List<(ulong Address, int Order)>();
        foreach ((ulong Address, int Order) piece in KhoserMemMap.Pieces(memory, Word(memory, 0)))
        {
            if (kept.Count < MostWritten)
            {
                kept.Add(piece);
            }
        }

        return kept;
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var pieces = (List<(ulong Address, int Order)>)parsed;
        if (!isSound || pieces.Count == MostWritten)
        {
            return;
        }

        var memory = new MemoryBuilder();
        Span<byte> bits = stackalloc byte[sizeof(ulong)];
        var bitmaps = new Dictionary<(int Order, ulong Index), ulong>();
        foreach ((ulong address, int order) in pieces)
        {
            ulong number = address >> (order + KhoserMemMap.PageShift);
            (int, ulong) key = (order, number / KhoserMemMap.PRESERVE_BITS);
            if (!bitmaps.TryGetValue(key, out ulong bitmap))
            {
                bitmaps.Add(key, bitmap = memory.Allocate());
            }

            ulong word = bitmap + (number % KhoserMemMap.PRESERVE_BITS / 64 * 8);
            memory.TryRead(word, bits);
            memory.WriteWord(word, BitConverter.ToUInt64(bits) | (1UL << (int)(number % 64)));
        }

        ulong first =
            Write(memory, bitmaps.Select(static bitmap => new KhoserMemMap.Bitmap(bitmap.Key.Order, bitmap.Key.Index, bitmap.Value)));
        Require(KhoserMemMap.Pieces(memory, first).SequenceEqual(pieces), "the pieces are others when they are written and read again");
    }

    private static ulong Write(MemoryBuilder memory, IEnumerable<KhoserMemMap.Bitmap> bitmaps)
    {
        var chunks = new List<ulong>();
        Require(KhoserMemMap.Write(memory, bitmaps, memory.Allocate, chunks) == Errno.None, "the map cannot be written");
        return chunks.Count > 0 ? chunks[0] : 0;
    }
}

/// <summary>Reads the radix tree of preserved memory.</summary>
internal sealed class RadixTreeTarget() : MemoryTarget("radix-tree", new Cost(65536, 64, 8192, 4))
{
    private const int MostWritten = 2048;

    protected override void Build(Random random, MemoryBuilder memory)
    {
        var tree = new KhoRadixTree(memory, memory.Allocate(), memory.Allocate);
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            int order = random.Next(4) == 0 ? random.Next(KhoRadixTree.MaxOrder + 1) : random.Next(10);
            ulong address = (ulong)random.NextInt64(1L << 30) << KhoRadixTree.PageShift << order;
            Require(tree.Add(address, order) == Errno.None, "the tree cannot be written");
        }
    }

    protected override object Read(MemoryImage memory)
    {
        var tree = new KhoRadixTree(memory, MemoryImage.Base);
        var kept = new List<(ulong Address, int Order)>();
        foreach ((ulong Address, int Order) piece in tree.Pieces())
        {
            if (kept.Count < MostWritten)
            {
                kept.Add(piece);
            }
        }

        return kept;
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var pieces = (List<(ulong Address, int Order)>)parsed;
        if (pieces.Count == MostWritten)
        {
            return;
        }

        var memory = new MemoryBuilder();
        var tree = new KhoRadixTree(memory, memory.Allocate(), memory.Allocate);
        foreach ((ulong address, int order) in pieces)
        {
            Require(tree.Add(address, order) == Errno.None && tree.Contains(address, order), "a piece cannot be written");
        }

        Require(tree.Pieces().SequenceEqual(pieces), "the pieces are others when they are written and read again");
    }
}
