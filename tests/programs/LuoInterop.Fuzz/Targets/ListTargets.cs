using LuoInterop.Arrays;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Reads chains of blocks: the first word is the head, the second one tells sessions from files.</summary>
internal sealed class BlockChainTarget() : MemoryTarget("block-chain", new Cost(32768, 32, 8192, 4))
{
    protected override void Build(Random random, MemoryBuilder memory)
    {
        ulong head = memory.Allocate();
        bool files = random.Next(2) == 0;
        int count = random.Next(1, 260);
        memory.WriteWord(head + 8, files ? 1UL : 0);
        memory.WriteWord(
            head,
            files
                ? Write(
                    memory,
                    [.. Enumerable.Range(0, count)
                        .Select(i =>
                            new LuoFileSer(random.Next(2) == 0 ? "memfd-v2" : "kvm_vm_luo_v1", (ulong)random.NextInt64(), (ulong)i))])
                : Write(
                    memory,
                    [.. Enumerable.Range(0, count)
                        .Select(i => new LuoSessionSer($"session-{i}", (ulong)random.NextInt64(), (ulong)random.Next(9)))]));
    }

    protected override object Read(MemoryImage memory) => Word(memory, 8) == 1
        ? KhoBlockChain<LuoFileSer>.Read(memory, Word(memory, 0), new PageRanges())
        : KhoBlockChain<LuoSessionSer>.Read(memory, Word(memory, 0), new PageRanges());

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        if (parsed is KhoBlockChain<LuoFileSer> files)
        {
            Check(files);
        }
        else
        {
            Check((KhoBlockChain<LuoSessionSer>)parsed);
        }
    }

    private static void Check<T>(KhoBlockChain<T> chain)
        where T : struct, IKhoSer<T>
    {
        var memory = new MemoryBuilder();
        ulong head = Write(memory, chain.Entries);
        Require(
            KhoBlockChain<T>.Read(memory, head).Entries.SequenceEqual(chain.Entries),
            "the entries are others when they are written and read again");
    }

    private static ulong Write<T>(MemoryBuilder memory, IReadOnlyList<T> entries)
        where T : struct, IKhoSer<T>
    {
        ulong[] blocks = memory.Allocate(KhoBlockChain<T>.BlocksFor(entries.Count));
        KhoBlockChain<T>.Write(memory, blocks, entries);
        return blocks.Length > 0 ? blocks[0] : 0;
    }
}

/// <summary>Reads a memfd's array of folios: its descriptor, and behind it the number of folios.</summary>
internal sealed class FolioListTarget() : MemoryTarget("folio-list", new Cost(32768, 32, 8192, 4))
{
    protected override void Build(Random random, MemoryBuilder memory)
    {
        ulong head = memory.Allocate();
        int count = random.Next(1, 700);
        KhoVmalloc descriptor = Write(memory, Enumerable.Range(0, count).Select(
            i => new MemfdLuoFolioSer((ulong)random.NextInt64() & MemfdLuoFolioSer.MaxPfn, (ushort)random.Next(4), (ulong)i)));
        memory.Write(head, descriptor);
        memory.WriteWord(head + KhoVmalloc.Size, (ulong)count);
    }

    protected override object Read(MemoryImage memory)
    {
        var reader = new MemfdLuoFolioReader(memory, Structure<KhoVmalloc>(memory, 0), Word(memory, KhoVmalloc.Size));
        var folios = new List<MemfdLuoFolioSer>();
        while (reader.TryRead(out MemfdLuoFolioSer folio))
        {
            folios.Add(folio);
        }

        return folios;
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var folios = (List<MemfdLuoFolioSer>)parsed;
        var memory = new MemoryBuilder();
        KhoVmalloc descriptor = Write(memory, folios);
        var reader = new MemfdLuoFolioReader(memory, descriptor, (ulong)folios.Count);
        foreach (MemfdLuoFolioSer expected in folios)
        {
            Require(
                reader.TryRead(out MemfdLuoFolioSer folio) && folio == expected,
                "the folios are others when they are written and read again");
        }
    }

    private static KhoVmalloc Write(MemoryBuilder memory, IEnumerable<MemfdLuoFolioSer> folios)
    {
        var writer = new MemfdLuoFolioWriter(memory, memory.Allocate);
        foreach (MemfdLuoFolioSer folio in folios)
        {
            Require(writer.Add(folio) == Errno.None, "a folio cannot be written");
        }

        Require(writer.Complete(out KhoVmalloc descriptor) == Errno.None, "the array cannot be written");
        return descriptor;
    }
}

/// <summary>Reads the sparse array of a posting.</summary>
internal sealed class KhoArrayTarget() : MemoryTarget("kho-array", new Cost(32768, 32, 8192, 4))
{
    protected override void Build(Random random, MemoryBuilder memory)
    {
        ulong head = memory.Allocate();
        ulong position = 0;
        memory.Write(head, Write(memory, Enumerable.Range(0, random.Next(1, 400)).Select(_ =>
        {
            position += (ulong)random.Next(1, random.Next(20) == 0 ? 5000 : 6);
            return (position, random.Next(2) == 0
                ? KhoArrayEntry.OfValue((ulong)random.NextInt64())
                : KhoArrayEntry.OfPointer((ulong)random.NextInt64(1, 1L << 40) << 3));
        })));
    }

    protected override object Read(MemoryImage memory)
    {
        var reader = new KhoArrayReader(memory, Structure<KhoArray>(memory, 0));
        var entries = new List<(ulong, KhoArrayEntry)>();
        while (reader.TryRead(out ulong position, out KhoArrayEntry entry))
        {
            entries.Add((position, entry));
        }

        return entries;
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var entries = (List<(ulong Position, KhoArrayEntry Entry)>)parsed;
        var memory = new MemoryBuilder();
        var reader = new KhoArrayReader(memory, Write(memory, entries));
        foreach ((ulong position, KhoArrayEntry entry) in entries)
        {
            Require(
                reader.TryRead(out ulong found, out KhoArrayEntry read) && found == position && read == entry,
                "the entries are others when they are written and read again");
        }
    }

    private static KhoArray Write(MemoryBuilder memory, IEnumerable<(ulong Position, KhoArrayEntry Entry)> entries)
    {
        var writer = new KhoArrayWriter(memory, memory.Allocate);
        foreach ((ulong position, KhoArrayEntry entry) in entries)
        {
            Require(writer.Add(position, entry) == Errno.None, "an entry cannot be written");
        }

        return writer.Complete();
    }
}
