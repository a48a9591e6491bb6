using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Proves what the first open and RETRIEVE_FD make of broken records of files.</summary>
public sealed class FileOutcomeTests : IDisposable
{
    private const ulong NoMemory = 1UL << 50;

    private readonly HandedOver _left = new(files: 70);

    private IReadOnlyList<ulong> Blocks => _left.Records.Sessions[0].FileBlocks;

    public void Dispose() => _left.Dispose();

    [Theory]
    [InlineData(0UL)]
    [InlineData(64UL)]
    [InlineData(1UL << 63)]
    public void WrongCountInABlock_IsEio(ulong count)
    {
        _left.Change<KhoBlockHeaderSer>(Blocks[1], header => header with { Count = count });
        _left.AssertEio();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void CircleOfBlocks_IsEio(int backTo)
    {
        _left.Change<KhoBlockHeaderSer>(Blocks[1], header => header with { Next = Blocks[backTo] });
        _left.AssertEio();
    }

    [Theory]
    [InlineData(10_001)]
    [InlineData(20_001)]
    public void TooLongChain_IsEio(int blocks)
    {
        ulong[] chain = [Blocks[0], .. Enumerable.Range(1, blocks - 1).Select(_ => _left.Preserve())];
        LuoFileSer file = _left.File(HandedOver.Nothing).Record;
        KhoBlockChain<LuoFileSer>.Write(
            _left.Memory,
            chain,
            [.. Enumerable.Range(0, ((blocks - 1) * LuoFileSer.PerBlock) + 1).Select(i => file with { Token = (ulong)i })]);
        _left.AssertEio();
    }

    [Fact]
    public void BlockOutsideOfMemory_PanicsAtOpen()
    {
        _left.Change<KhoBlockHeaderSer>(Blocks[1], static header => header with { Next = NoMemory });
        EmulatedProcess kernel = _left.Machine.Boot();
        Assert.Throws<EmulatedKernelPanicException>(() => kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.False(_left.Machine.IsRunning);
    }

    /// <summary>luo_file_deserialize: a WARN, and a session without files.</summary>
    [Fact]
    public void CountWithoutBlocks_IsAnEmptySession()
    {
        ulong second = _left.Records.SessionBlocks[0] + KhoBlockHeaderSer.Size + LuoSessionSer.Size;
        _left.Change<LuoSessionSer>(second, static session => session with { Count = 5 });
        EmulatedProcess kernel = _left.Open(out Descriptor device);
        Descriptor session = kernel.RetrieveSession(device, HandedOver.Empty);
        Assert.Equal(ENOENT, kernel.TryRetrieve(session, 0, out _));
        session.Dispose();
        device.Dispose();
    }

    [Fact]
    public void UnknownSeal_IsEOPNOTSUPP_ForEver()
    {
        _left.ChangeMemfd(HandedOver.Moved, static ser => ser with { Seals = 0x40 });
        _left.AssertSticky(HandedOver.Moved, EOPNOTSUPP);
    }

    /// <summary>kho_restore_vmalloc gives NULL, which is EINVAL.</summary>
    [Theory]
    [InlineData(0U, 0)]
    [InlineData(2U, 0)]
    [InlineData(uint.MaxValue, 0)]
    [InlineData(1U, 1)]
    [InlineData(1U, 19)]
    public void WrongSizeOfTheArray_IsEINVAL_ForEver(uint pages, ushort order)
    {
        _left.ChangeMemfd(HandedOver.Moved, ser => ser with { Folios = ser.Folios with { TotalPages = pages, Order = order } });
        _left.AssertSticky(HandedOver.Moved, EINVAL);
    }

    [Fact]
    public void ArrayThatWasNotPreserved_IsEINVAL_ForEver()
    {
        Unpreserve(_left.File(HandedOver.Moved).Memfd!.Array.Pages[0], 0);
        _left.AssertSticky(HandedOver.Moved, EINVAL);
    }

    [Fact]
    public void CircleOfChunks_IsEINVAL_ForEver()
    {
        ulong chunk = _left.File(HandedOver.Moved).Memfd!.Array.Chunks[0];
        BitConverter.TryWriteBytes(_left.Memory.Structure(chunk, 8), chunk);
        _left.AssertSticky(HandedOver.Moved, EINVAL);
    }

    [Fact]
    public void FolioThatWasNotPreserved_IsEIO_ForEver()
    {
        HandoverFolio folio = _left.File(HandedOver.Moved).Memfd!.Folios[1];
        Unpreserve(folio.Record.Pfn << 12, folio.Order);
        _left.AssertSticky(HandedOver.Moved, EIO);
    }

    [Fact]
    public void FolioOutsideOfMemory_IsEIO_ForEver()
    {
        ChangeFolio(1, static folio => folio with { Pfn = MemfdLuoFolioSer.MaxPfn });
        _left.AssertSticky(HandedOver.Moved, EIO);
    }

    [Fact]
    public void FolioThatIsNamedTwice_IsEIO_ForEver()
    {
        ChangeFolio(1, folio => folio with { Pfn = folio.Pfn - 1 });
        _left.AssertSticky(HandedOver.Moved, EIO);
    }

    /// <summary>shmem_add_to_page_cache: the page has a folio already.</summary>
    [Fact]
    public void TwoFoliosOfOnePage_AreEEXIST_ForEver()
    {
        ChangeFolio(1, static folio => folio with { Index = 0 });
        _left.AssertSticky(HandedOver.Moved, EEXIST);
    }

    /// <summary>A folio past the end is in the file, and not seen; the page that has none is a hole.</summary>
    [Theory]
    [InlineData(2UL)]
    [InlineData(ulong.MaxValue)]
    public void FolioOfAnotherPage_LeavesAHole(ulong index)
    {
        ChangeFolio(1, folio => folio with { Index = index });
        AssertSecondPageIsZero();
    }

    [Fact]
    public void FolioZero_IsAHole()
    {
        ChangeFolio(1, static folio => folio with { Pfn = 0 });
        AssertSecondPageIsZero();
    }

    [Fact]
    public void FewerFolios_LeaveAHole()
    {
        _left.ChangeMemfd(HandedOver.Moved, static ser => ser with { NrFolios = 1 });
        AssertSecondPageIsZero();
    }

    /// <summary>Entries behind the last are zero, and skipped, up to the end of the array's page; past it nothing is mapped.</summary>
    [Theory]
    [InlineData(256UL, false)]
    [InlineData(257UL, true)]
    [InlineData(ulong.MaxValue, true)]
    public void MoreFoliosThanTheArrayHolds_Panic(ulong folios, bool panics)
    {
        _left.ChangeMemfd(HandedOver.Moved, ser => ser with { NrFolios = folios });
        EmulatedProcess kernel = _left.Open(out Descriptor device);
        Descriptor session = kernel.RetrieveSession(device, HandedOver.First);
        if (panics)
        {
            Assert.Throws<EmulatedKernelPanicException>(() => kernel.TryRetrieve(session, HandedOver.Moved, out _));
            Assert.False(_left.Machine.IsRunning);
        }
        else
        {
            using Descriptor memfd = kernel.Retrieve(session, HandedOver.Moved);
            Assert.Equal(5000, kernel.Status(memfd).Size);
        }

        session.Dispose();
        device.Dispose();
    }

    /// <summary>vfs_setpos refuses it, and nobody looks at that.</summary>
    [Fact]
    public void PositionThatNoFileHas_IsZero()
    {
        _left.ChangeMemfd(HandedOver.Moved, static ser => ser with { Pos = 1UL << 63 });
        using Descriptor memfd = RetrieveMoved(out EmulatedProcess kernel);
        Assert.Equal(0, kernel.LSeek(memfd, 0, SeekOrigin.Current));
    }

    private void AssertSecondPageIsZero()
    {
        byte[] expected = new byte[5000];
        new Random(1).NextBytes(expected);
        expected.AsSpan(4096).Clear();
        using Descriptor memfd = RetrieveMoved(out EmulatedProcess kernel);
        Assert.Equal(expected, kernel.Content(memfd, 5000));
    }

    private Descriptor RetrieveMoved(out EmulatedProcess kernel)
    {
        kernel = _left.Open(out Descriptor device);
        device.Dispose();
        using Descriptor again = kernel.OpenDevice();
        using Descriptor session = kernel.RetrieveSession(again, HandedOver.First);
        return kernel.Retrieve(session, HandedOver.Moved);
    }

    private void Unpreserve(ulong address, int order) =>
        Assert.True(new KhoRadixTree(_left.Memory, _left.Records.Tree.PreservedMemoryMap!.Value).Remove(address, order));

    private void ChangeFolio(int index, Func<MemfdLuoFolioSer, MemfdLuoFolioSer> change) => _left.Change(
        _left.File(HandedOver.Moved).Memfd!.Array.Pages[0] + (ulong)(index * MemfdLuoFolioSer.Size), change);
}
