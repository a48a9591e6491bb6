using System.Buffers.Binary;
using System.Text;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.MemoryImages.Tests;

/// <summary>Finds handovers in memory that has been used again in part, as a kernel leaves it that was given one.</summary>
public sealed class SearchTests : IDisposable
{
    private readonly HandedOver _made = new();
    private readonly Handover _handover;
    private readonly ulong _root;
    private readonly ulong[] _nodes;

    public SearchTests()
    {
        using MemoryImage image = MemoryImage.Open(_made.Raw);
        FoundHandover found = HandoverSearch.Find(image).Handovers[0];
        (_handover, _root, _nodes) = (found.Handover, found.FdtAddress, [.. found.Handover.Preserved.Nodes()]);
    }

    public void Dispose() => _made.Dispose();

    /// <summary>Linux 7.3 frees the blob and the map before its init runs; the sessions stay until the device is opened.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FreedHeadAndMap_LeaveTheSessions(bool zeroed)
    {
        Overwrite(_handover.Tree.SubTrees.Single(static tree => tree.Name == "LUO").PreservedData!.Value, zeroed);
        foreach (ulong node in _nodes)
        {
            Overwrite(node, zeroed);
        }

        using MemoryImage image = MemoryImage.Open(_made.Raw);
        FoundHandover found = Assert.Single(HandoverSearch.Find(image).Handovers);
        Assert.Equal(
            (HandoverStage.Written, _handover.SessionBlocks[0], false), (found.Stage, found.SessionsFound, found.Handover.IsMapSound));
        Expect.Content(_made, image, found.Handover);
        Assert.Equal(["preserved-memory map"], found.Handover.Faults.Select(static fault => fault.Part));
    }

    [Fact]
    public void FreedMapAlone_LeavesTheSessions()
    {
        Overwrite(_handover.Preserved.Root, zeroed: false);
        using MemoryImage image = MemoryImage.Open(_made.Raw);
        FoundHandover found = Assert.Single(HandoverSearch.Find(image).Handovers);
        Assert.Equal((HandoverStage.Written, null, false), (found.Stage, found.SessionsFound, found.Handover.IsMapSound));
        Expect.Content(_made, image, found.Handover);
    }

    [Fact]
    public void FreedSessions_LeaveAStaleTree()
    {
        Overwrite(_handover.Preserved.Root, zeroed: false);
        foreach (ulong block in _handover.SessionBlocks)
        {
            Overwrite(block, zeroed: false);
        }

        using MemoryImage image = MemoryImage.Open(_made.Raw);
        FoundHandover found = Assert.Single(HandoverSearch.Find(image).Handovers);
        Assert.Equal(HandoverStage.Stale, found.Stage);
        Assert.NotEmpty(found.Handover.Faults);
    }

    [Fact]
    public void SecondTree_ThatIsNotWritten_ComesBehind()
    {
        // A second machine's tree, of a kernel that has no sessions: its blob says so.
        const ulong Copy = 0x40000;
        byte[] page = new byte[4096];
        using (FileStream file = File.Open(_made.Raw, FileMode.Open))
        {
            var tree = new KhoRootFdt(_handover.Preserved.Root);
            tree.AddSubtree("LUO", Copy + 4096, LuoSer.Size);
            tree.ToArray().CopyTo(page, 0);
            file.Position = (long)Copy;
            file.Write(page);
            Array.Clear(page);
            new LuoSer("luo-v5", 2, 0, 0).Write(page);
            file.Write(page);
        }

        using MemoryImage image = MemoryImage.Open(_made.Raw);
        IReadOnlyList<FoundHandover> found = HandoverSearch.Find(image).Handovers;
        Assert.Equal([_root, Copy], found.Select(static one => one.FdtAddress));
        Assert.Equal(2UL, found[1].Handover.Luo?.LiveUpdateNumber);
        Assert.Empty(found[1].Handover.Sessions);
    }

    [Fact]
    public void KernelsOwnWords_AreFound()
    {
        byte[] page = new byte[4096];
        Encoding.ASCII.GetBytes("OSRELEASE=7.3.4-test\nPAGESIZE=4096\n", page);
        FoundKernel kernel = FindKernel(page);
        Assert.Equal((0x50000UL, "7.3.4-test"), (kernel.Address, kernel.Info.Release));
    }

    /// <summary>The page of a kernel before is used again from somewhere on: what is left of its words is shown, and no more.</summary>
    [Fact]
    public void KernelsOwnWords_UsedAgainInPart_AreWhatIsLeft()
    {
        byte[] page = new byte[4096];
        page.AsSpan(2048).Fill(0xff);
        Encoding.ASCII.GetBytes("OSRELEASE=7.3.4-test\nPAGESIZE=4096\n".PadRight(2048, 'x'), page);
        FoundKernel kernel = FindKernel(page);
        Assert.Equal(("7.3.4-test", 2048, null), (kernel.Info.Release, kernel.Info.Text.Length, kernel.Info["NUMBER(phys_base)"]));
    }

    [Fact]
    public void EmptyMemory_HasNone()
    {
        string path = _made.Path("empty");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(1 << 30);
        }

        using MemoryImage image = MemoryImage.Open(path);
        HandoverSearchResult result = HandoverSearch.Find(image);
        Assert.Empty(result.Handovers);
        Assert.Equal((0UL, true), (result.Scanned, result.IsComplete));
    }

    /// <summary>An image of 64 GiB costs what it holds: the holes are not read, and folios in a row are one.</summary>
    [Fact]
    public void SparseImage_IsReadByWhatItHolds()
    {
        const ulong Size = 64UL << 30;
        string path = _made.Path("large");
        using (FileStream file = File.Create(path))
        {
            file.SetLength((long)Size);
            LargeMemory.Write(file, 48UL << 30);
        }

        long before = GC.GetTotalAllocatedBytes();
        using MemoryImage image = MemoryImage.Open(path);
        HandoverSearchResult result = HandoverSearch.Find(image);
        FoundHandover found = Assert.Single(result.Handovers);
        Assert.Equal((HandoverStage.Written, 0), (found.Stage, found.Handover.Faults.Count));
        HandoverMemfd memfd = found.Handover.Sessions[0].Files[0].Memfd!;
        Assert.Equal((48UL << 30, 24576), (memfd.Record.FileSize, memfd.Folios.Count));
        HandoverExtent extent = Assert.Single(memfd.Extents());
        Assert.Equal((48UL << 30) / 4096, image.Count(extent.Address, extent.Length / 4096).Zero);
        Assert.InRange(result.Scanned, 1UL, 16UL << 20);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
    }

    private void Overwrite(ulong address, bool zeroed)
    {
        byte[] page = new byte[4096];
        if (!zeroed)
        {
            for (int i = 0; i < page.Length; i += 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(i), 0xffff_8880_0000_0001UL + (ulong)i);
            }
        }

        using FileStream file = File.Open(_made.Raw, FileMode.Open);
        file.Position = (long)address;
        file.Write(page);
    }

    private FoundKernel FindKernel(byte[] page)
    {
        using (FileStream file = File.Open(_made.Raw, FileMode.Open))
        {
            file.Position = 0x50000;
            file.Write(page);
        }

        using MemoryImage image = MemoryImage.Open(_made.Raw);
        return Assert.Single(HandoverSearch.Find(image).Kernels);
    }
}
