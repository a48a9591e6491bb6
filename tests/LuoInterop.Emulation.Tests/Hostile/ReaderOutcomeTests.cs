using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Proves by what name the reader of whole handovers refuses broken ones.</summary>
public sealed class ReaderOutcomeTests : IDisposable
{
    private const ulong NoMemory = 1UL << 50;

    private readonly HandedOver _left = new(sessions: 2);

    public void Dispose() => _left.Dispose();

    [Fact]
    public void OtherFormatOfLuo_IsUnsupported()
    {
        _left.Change<LuoSer>(_left.Blob("LUO"), static ser => ser with { Compatible = "luo-v6" });
        AssertError(KhoFormatError.UnsupportedVersion);
    }

    [Fact]
    public void RootOutsideOfMemory_IsUnreadable() => Assert.Equal(
        KhoFormatError.Unreadable, Assert.Throws<KhoFormatException>(() => HandoverReader.Read(_left.Memory, NoMemory)).Error);

    [Fact]
    public void TooManyFlbs_AreABadCount()
    {
        _left.Change<LuoFlbHeaderSer>(_left.Records.Luo!.Flbs, static header => header with { Count = 64 });
        AssertError(KhoFormatError.BadCount);
    }

    [Fact]
    public void WrongNumberOfFiles_IsACountMismatch()
    {
        _left.Change<LuoSessionSer>(_left.Records.SessionBlocks[0] + KhoBlockHeaderSer.Size, static session => session with { Count = 4 });
        AssertError(KhoFormatError.CountMismatch);
    }

    /// <summary>Or else a few pages that refer to one another stand for endless work.</summary>
    [Fact]
    public void PageOfTwoLists_IsACycle()
    {
        ulong second = _left.Records.SessionBlocks[0] + KhoBlockHeaderSer.Size + LuoSessionSer.Size;
        _left.Change<LuoSessionSer>(second, session => session with { Files = _left.Records.Sessions[0].FileBlocks[0], Count = 3 });
        AssertError(KhoFormatError.Cycle);
    }

    [Fact]
    public void FileOfTwoEntries_IsACycle()
    {
        ulong second = _left.Records.Sessions[0].FileBlocks[0] + KhoBlockHeaderSer.Size + LuoFileSer.Size;
        _left.Change<LuoFileSer>(second, file => file with { Data = _left.File(HandedOver.Sealed).Record.Data });
        AssertError(KhoFormatError.Cycle);
    }

    [Fact]
    public void MoreFoliosThanRoom_AreACountMismatch()
    {
        _left.ChangeMemfd(HandedOver.Moved, static ser => ser with { NrFolios = ulong.MaxValue });
        AssertError(KhoFormatError.CountMismatch);
    }

    [Fact]
    public void UnknownHandler_IsShown()
    {
        ulong first = _left.Records.Sessions[0].FileBlocks[0] + KhoBlockHeaderSer.Size;
        _left.Change<LuoFileSer>(first, static file => file with { Compatible = "pipe-v1", Data = NoMemory });
        HandoverFile file = Read().Sessions[0].Files[0];
        Assert.Equal(new LuoFileSer("pipe-v1", NoMemory, HandedOver.Sealed), file.Record);
        Assert.Null(file.Memfd);
    }

    [Fact]
    public void FolioThatIsNotPreserved_IsShown_AndItsContentRefused()
    {
        HandoverFolio folio = _left.File(HandedOver.Moved).Memfd!.Folios[1];
        var tree = new KhoRadixTree(_left.Memory, _left.Records.Tree.PreservedMemoryMap!.Value);
        Assert.True(tree.Remove(folio.Record.Pfn << 12, folio.Order));
        HandoverMemfd memfd = Read().Sessions[0].Files[1].Memfd!;
        Assert.Equal(folio with { Order = -1 }, memfd.Folios[1]);
        AssertContentError(memfd, KhoFormatError.BadOrder);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(2UL)]
    public void FolioOfAnotherPage_IsShown_AndTheContentRefused(ulong index)
    {
        ulong entry = _left.File(HandedOver.Moved).Memfd!.Array.Pages[0] + MemfdLuoFolioSer.Size;
        _left.Change<MemfdLuoFolioSer>(entry, folio => folio with { Index = index });
        AssertContentError(Read().Sessions[0].Files[1].Memfd!, KhoFormatError.CountMismatch);
    }

    [Fact]
    public void FewerFoliosThanTheFileNeeds_AreRefused()
    {
        _left.ChangeMemfd(HandedOver.Moved, static ser => ser with { FileSize = ulong.MaxValue });
        AssertContentError(Read().Sessions[0].Files[1].Memfd!, KhoFormatError.CountMismatch);
    }

    private Handover Read() => HandoverReader.Read(_left.Memory, _left.Machine.Handover!.Value.FdtAddress);

    private void AssertError(KhoFormatError error) => Assert.Equal(error, Assert.Throws<KhoFormatException>(Read).Error);

    private void AssertContentError(HandoverMemfd memfd, KhoFormatError error) => Assert.Equal(
        error, Assert.Throws<KhoFormatException>(() => memfd.CopyTo(_left.Memory, Stream.Null)).Error);
}
