using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using Xunit;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Encodes a decoded handover again, and compares the bytes with those that were decoded.</summary>
internal static class SameBytes
{
    /// <summary>The root tree as the kernel builds it: sub-trees are put in front of those that are there.</summary>
    public static void OfRoot(Handover handover, KhoSetupData setup, IPhysicalMemory memory)
    {
        var written = new KhoRootFdt(handover.Tree.PreservedMemoryMap!.Value);
        foreach (KhoSubTree tree in handover.Tree.SubTrees.Reverse())
        {
            Assert.Equal(Errno.None, written.AddSubtree(tree.Name, tree.PreservedData!.Value, tree.BlobSize!.Value));
        }

        byte[] expected = written.ToArray();
        byte[] actual = new byte[expected.Length];
        Assert.True(memory.TryRead(setup.FdtAddress, actual));
        Assert.Equal(expected, actual);
    }

    /// <summary>The two blobs, and the page of FLBs; the rest of their pages is zero.</summary>
    public static void OfBlobs(Handover handover, IPhysicalMemory memory)
    {
        var written = new WrittenPages();
        LuoState luo = handover.Luo!;
        written.Write(
            Blob(handover, LuoSer.LUO_KHO_ENTRY_NAME), new LuoSer(luo.Compatible, luo.LiveUpdateNumber, luo.Sessions, luo.Flbs));
        written.Write(Blob(handover, KexecMetadata.KHO_METADATA_NODE_NAME), handover.Metadata!.Value);
        ulong flbs = luo.Flbs;
        written.Write(flbs, new LuoFlbHeaderSer(LuoFlbHeaderSer.LUO_FLB_PGCNT, (ulong)handover.Flbs.Count));
        foreach ((int index, LuoFlbSer flb) in handover.Flbs.Index())
        {
            written.Write(flbs + (ulong)(LuoFlbHeaderSer.Size + (index * LuoFlbSer.Size)), flb);
        }

        Assert.Equal(3, written.Count);
        written.AssertSame(memory);
    }

    /// <summary>Blocks of sessions and files, to their last byte.</summary>
    public static void OfBlocks(Handover handover, IPhysicalMemory memory)
    {
        var written = new WrittenPages();
        KhoBlockChain<LuoSessionSer>.Write(
            written, handover.SessionBlocks, [.. handover.Sessions.Select(static session => session.Record)]);
        foreach (HandoverSession session in handover.Sessions)
        {
            KhoBlockChain<LuoFileSer>.Write(written, session.FileBlocks, [.. session.Files.Select(static file => file.Record)]);
        }

        Assert.Equal(handover.SessionBlocks.Count + handover.Sessions.Sum(static session => session.FileBlocks.Count), written.Count);
        written.AssertSame(memory);
    }

    /// <summary>Each memfd's state, chunk pages and array of folios.</summary>
    public static void OfMemfds(Handover handover, IPhysicalMemory memory)
    {
        var written = new WrittenPages();
        foreach (HandoverFile file in handover.Sessions.SelectMany(static session => session.Files))
        {
            HandoverMemfd memfd = file.Memfd!;
            written.Write(file.Record.Data, memfd.Record);
            var places = new Queue<ulong>(memfd.Array.Pages.Concat(memfd.Array.Chunks));
            var writer = new MemfdLuoFolioWriter(written, places.Dequeue);
            Assert.All(memfd.Folios, folio => Assert.Equal(Errno.None, writer.Add(folio.Record)));
            Assert.Equal(Errno.None, writer.Complete(out KhoVmalloc area));
            Assert.Equal(memfd.Record.Folios, area);
            Assert.Empty(places);
        }

        written.AssertSame(memory);
    }

    /// <summary>The tree of preserved pieces, built anew: the same tables and bitmaps, at other addresses.</summary>
    public static void OfRadixTree(Handover handover, IPhysicalMemory memory)
    {
        var written = new WrittenPages();
        var tree = new KhoRadixTree(written, written.Allocate(), written.Allocate);
        foreach ((ulong address, int order) in handover.Preserved.Pieces())
        {
            Assert.Equal(Errno.None, tree.Add(address, order));
        }

        ulong[] own = [.. tree.Nodes()];
        ulong[] kernels = [.. handover.Preserved.Nodes()];
        Assert.Equal(kernels.Length, own.Length);
        var places = kernels.Zip(own).ToDictionary(static pair => pair.First, static pair => pair.Second);
        byte[] expected = new byte[WrittenPages.PageSize];
        byte[] actual = new byte[WrittenPages.PageSize];
        foreach ((ulong kernelsNode, ulong ownNode) in places)
        {
            Assert.True(memory.TryRead(kernelsNode, actual));
            Assert.True(written.TryRead(ownNode, expected));
            for (int offset = 0; offset < actual.Length; offset += 8)
            {
                ulong word = BitConverter.ToUInt64(actual, offset);
                Assert.Equal(BitConverter.ToUInt64(expected, offset), places.GetValueOrDefault(word, word));
            }
        }
    }

    private static ulong Blob(Handover handover, string name) =>
        handover.Tree.SubTrees.Single(tree => tree.Name == name).PreservedData!.Value;
}
