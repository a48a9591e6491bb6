using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.Tests.Shared;
using LuoInterop.Tests.Shared.ImageWriters;
using Snappier;
using Xunit;

namespace LuoInterop.MemoryImages.Tests;

/// <summary>Reads dumps that lack pages: what lacks is named, told apart from zeros, and costs itself alone.</summary>
public sealed class GapTests : IDisposable
{
    private readonly HandedOver _made = new();
    private readonly RawPages _pages;
    private readonly Handover _handover;

    public GapTests()
    {
        _pages = new RawPages(_made.Raw);
        using MemoryImage image = MemoryImage.Open(_made.Raw);
        _handover = HandoverSearch.Find(image).Handovers[0].Handover;
    }

    public void Dispose() => _made.Dispose();

    [Fact]
    public void FilteredContent_IsExcluded_NotZero()
    {
        HandoverFile file = File(HandedOver.Named, 1);
        HashSet<ulong> folios = [.. Frames(file.Memfd!)];
        using MemoryImage image = Open(new KdumpWriter(_pages) { Level = 31, Excluded = folios });
        FoundHandover found = Assert.Single(HandoverSearch.Find(image).Handovers);

        // The records are the kernel's own memory, which no filter takes.
        Assert.Equal((HandoverStage.Written, 0), (found.Stage, found.Handover.Faults.Count));
        HandoverMemfd memfd = found.Handover.Sessions[0].Files.Single(one => one.Record.Token == 1).Memfd!;
        PageCounts counts = memfd.Extents().Select(extent => image.Count(extent.Address, (extent.Length + 4095) / 4096))
            .Aggregate(static (sum, one) => sum + one);
        Assert.Equal(new PageCounts(0, 0, (ulong)folios.Count, 0, 0), counts);
        ulong address = memfd.Extents().First().Address;
        Assert.Equal((PageState.Excluded, "excluded by the dump's filter (level 31)"), (image.GetState(address), image.Explain(address)));
        Assert.False(image.TryRead(address, new byte[1]));

        // Another file's content is there.
        Assert.True(image.Count(File(HandedOver.Named, 2).Memfd!.Extents().First().Address, 1).IsWhole);
    }

    [Fact]
    public void FilteredRecord_CostsItsFile()
    {
        HandoverFile file = File(HandedOver.Named, 1);
        using MemoryImage image = Open(new KdumpWriter(_pages) { Level = 31, Excluded = new HashSet<ulong> { file.Record.Data / 4096 } });
        Handover handover = Assert.Single(HandoverSearch.Find(image).Handovers).Handover;
        HandoverFault fault = Assert.Single(handover.Faults);
        Assert.Equal(
            ($"session \"{HandedOver.Named}\", token 1", KhoFormatError.Unreadable, file.Record.Data),
            (fault.Part, fault.Error, fault.Address));
        Assert.Equal(PageState.Excluded, image.GetState(fault.Address!.Value));
        Assert.Null(handover.Sessions[0].Files.Single(one => one.Record.Token == 1).Memfd);
        Assert.NotNull(handover.Sessions[0].Files.Single(one => one.Record.Token == 2).Memfd);
    }

    [Fact]
    public void FilteredFiles_CostTheirSession()
    {
        ulong block = _handover.Sessions[0].FileBlocks[0];
        using MemoryImage image = Open(new KdumpWriter(_pages) { Excluded = new HashSet<ulong> { block / 4096 } });
        Handover handover = Assert.Single(HandoverSearch.Find(image).Handovers).Handover;
        Assert.Equal($"session \"{HandedOver.Named}\"", Assert.Single(handover.Faults).Part);
        Assert.Equal([0, 3, 0], handover.Sessions.Select(static session => session.Files.Count));
    }

    [Fact]
    public void UnwrittenPages_AreMissing()
    {
        HandoverFile file = File(HandedOver.Named, 1);
        ulong[] frames = [.. Frames(file.Memfd!)];
        using MemoryImage image = Open(new KdumpWriter(_pages) { Unwritten = new HashSet<ulong>(frames.TakeLast(2)) });
        Assert.False(image.IsComplete);
        Assert.Equal(PageState.Missing, image.GetState(frames[^1] * 4096));
        Assert.Equal("missing: the dump is not complete", image.Explain(frames[^1] * 4096));
        Assert.Equal(PageState.Present, image.GetState(frames[^3] * 4096));
        Assert.Equal(
            2UL, file.Memfd!.Extents().Select(extent => image.Count(extent.Address, (extent.Length + 4095) / 4096)).Aggregate(
                static (sum, one) => sum + one).Missing);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FileThatIsCutOff_LacksItsEnd(bool isKdump)
    {
        byte[] whole = isKdump ? new KdumpWriter(_pages).Write() : ElfWriter.Write(_pages);
        using MemoryImage image = MemoryImage.Open(new MemoryStream(whole[..^(isKdump ? 8192 : ((int)ElfWriter.FewPages + 2) * 4096)]));
        ulong last = _pages.Pages.Keys.Last() * 4096;
        Assert.False(image.IsComplete);
        Assert.False(image.TryRead(last, new byte[8]));
        Assert.Equal(PageState.Missing, image.GetState(last));
        Assert.Equal(1UL, image.Count(last, 1).Missing);
    }

    [Fact]
    public void DamagedPage_IsNamed()
    {
        byte[] file = new KdumpWriter(_pages) { Packing = Packing.Zstd }.Write();
        file.AsSpan(file.Length - 12).Fill(0xff);
        using MemoryImage image = MemoryImage.Open(new MemoryStream(file));
        ulong last = _pages.Pages.Keys.Last() * 4096;
        Assert.Equal((PageState.Damaged, "damaged: the page cannot be unpacked"), (image.GetState(last), image.Explain(last)));
        Assert.Equal(1UL, image.Count(last, 1).Present);
    }

    /// <summary>Snappy's bytes begin with how many they become, which damage makes 256 MiB.</summary>
    [Fact]
    public void DamagedPage_GetsNoRoomForWhatItPromises()
    {
        byte[] file = new KdumpWriter(_pages) { Packing = Packing.Snappy }.Write();
        (ulong frame, byte[] page) = _pages.Pages.Last();
        byte[] promise = [0x80, 0x80, 0x80, 0x80, 0x01];
        promise.CopyTo(file, file.Length - Snappy.CompressToArray(page).Length);
        using MemoryImage image = MemoryImage.Open(new MemoryStream(file));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(PageState.Damaged, image.GetState(frame * 4096));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static MemoryImage Open(KdumpWriter writer) => MemoryImage.Open(new MemoryStream(writer.Write()));

    private static IEnumerable<ulong> Frames(HandoverMemfd memfd) => memfd.Folios.SelectMany(static folio =>
        Enumerable.Range(0, 1 << folio.Order).Select(i => folio.Record.Pfn + (ulong)i));

    private HandoverFile File(string session, ulong token) =>
        _handover.Sessions.Single(one => one.Record.Name == session).Files.Single(file => file.Record.Token == token);
}
