using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Reads whole handovers out of memory, from the root tree in the first page to the content of files.</summary>
internal sealed class HandoverTarget() : MemoryTarget("handover", new Cost(131072, 64, 65536, 64))
{
    protected override void Build(Random random, MemoryBuilder memory)
    {
        ulong fdt = memory.Allocate();
        var tree = new KhoRadixTree(memory, memory.Allocate(), memory.Allocate);
        var sessions = new List<LuoSessionSer>();
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            LuoFileSer[] files = [.. Enumerable.Range(0, random.Next(3))
                .Select(token => new LuoFileSer(MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE, WriteFile(random, memory, tree), (ulong)token))];
            ulong[] blocks = memory.Allocate(KhoBlockChain<LuoFileSer>.BlocksFor(files.Length));
            KhoBlockChain<LuoFileSer>.Write(memory, blocks, files);
            sessions.Add(new LuoSessionSer($"s{i}", blocks.Length > 0 ? blocks[0] : 0, (ulong)files.Length));
        }

        ulong[] chain = memory.Allocate(KhoBlockChain<LuoSessionSer>.BlocksFor(sessions.Count));
        KhoBlockChain<LuoSessionSer>.Write(memory, chain, sessions);
        ulong blobs = memory.Allocate();
        ulong flbs = memory.Allocate();
        memory.Write(flbs, new LuoFlbHeaderSer(1, 1));
        memory.Write(flbs + LuoFlbHeaderSer.Size, new LuoFlbSer("flb", 1, 1));
        memory.Write(blobs, new LuoSer(LuoSer.LUO_ABI_COMPATIBLE, 2, chain[0], flbs));
        memory.Write(blobs + 64, new KexecMetadata(1, "7.3.4", 1));
        var root = new KhoRootFdt(tree.Root);
        root.AddSubtree(KexecMetadata.KHO_METADATA_NODE_NAME, blobs + 64, KexecMetadata.Size);
        root.AddSubtree(LuoSer.LUO_KHO_ENTRY_NAME, blobs, LuoSer.Size);
        Require(memory.TryWrite(fdt, root.ToArray()), "the root tree does not fit");
    }

    protected override object Read(MemoryImage memory)
    {
        Handover handover = HandoverReader.Read(memory, MemoryImage.Base);
        var content = new CountingStream();
        foreach (HandoverFile file in handover.Sessions.SelectMany(static session => session.Files))
        {
            file.Memfd?.CopyTo(memory, content);
        }

        return new Result(handover, content.Length);
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var result = (Result)parsed;
        Require(result.Content <= input.Length, $"{result.Content} bytes of content come out of {input.Length}");
        Require(
            !isSound || (result.Handover is { Luo: not null, Metadata: not null, Sessions.Count: > 0, Flbs.Count: 1 }),
            "something of a sound handover is missing");
    }

    private static ulong WriteFile(Random random, MemoryBuilder memory, KhoRadixTree tree)
    {
        var folios = new MemfdLuoFolioWriter(memory, memory.Allocate);
        ulong index = 0;
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int order = random.Next(3);
            memory.Align(1 << order);
            ulong address = memory.Allocate(1 << order)[0];
            Require(tree.Add(address, order) == Errno.None, "a piece cannot be written");
            Require(
                folios.Add(new MemfdLuoFolioSer(address >> KhoRadixTree.PageShift, 3, index)) == Errno.None, "a folio cannot be written");
            index += 1UL << order;
        }

        Require(folios.Complete(out KhoVmalloc descriptor) == Errno.None, "the folios cannot be written");
        ulong record = memory.Allocate();
        ulong count = (ulong)folios.Pages.Count * MemfdLuoFolioWriter.PerPage;
        memory.Write(
            record, new MemfdLuoSer(0, index << KhoRadixTree.PageShift, 0, 0, Math.Min(count, Folios(memory, descriptor)), descriptor));
        return record;
    }

    // Entries up to the first empty one.
    private static ulong Folios(MemoryBuilder memory, KhoVmalloc descriptor)
    {
        ulong page = KhoVmallocList.Read(memory, descriptor).Pages[0];
        ulong count = 0;
        Span<byte> entry = stackalloc byte[MemfdLuoFolioSer.Size];
        while (count < MemfdLuoFolioWriter.PerPage
            && memory.TryRead(page + (count * MemfdLuoFolioSer.Size), entry)
            && MemfdLuoFolioSer.Read(entry).Pfn != 0)
        {
            count++;
        }

        return count;
    }

    private sealed record Result(Handover Handover, long Content);

    private sealed class CountingStream : Stream
    {
        private long _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer) => _length += buffer.Length;

        public override void Write(byte[] buffer, int offset, int count) => _length += count;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
