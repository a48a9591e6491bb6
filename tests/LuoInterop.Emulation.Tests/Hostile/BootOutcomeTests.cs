using System.Buffers.Binary;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Proves what a boot makes of a broken root tree, tree of pieces, blob or chain of sessions.</summary>
public sealed class BootOutcomeTests : IDisposable
{
    private const ulong NoMemory = 1UL << 50;
    private const string Incoming = "The incoming tree failed to initialize properly";

    private readonly HandedOver _left = new(sessions: 60);

    private ulong Fdt => _left.Machine.Handover!.Value.FdtAddress;

    private ulong Root => _left.Records.Tree.PreservedMemoryMap!.Value;

    private ulong Luo => _left.Blob("LUO");

    public void Dispose() => _left.Dispose();

    /// <summary>kho_populate: "handover FDT is invalid", "disabling KHO revival".</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 8)]
    [InlineData(8, uint.MaxValue)]
    [InlineData(12, 0x10000)]
    [InlineData(20, 1)]
    public void BrokenHeader_IsIgnored(int offset, uint word)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_left.Memory.Structure(Fdt, 40)[offset..], word);
        _left.AssertLost();
    }

    [Fact]
    public void NoMemoryMap_IsIgnored()
    {
        ReplaceWord(Fdt, Root, 0);
        _left.AssertLost();
    }

    /// <summary>early_memremap takes 1 byte to 64 pages.</summary>
    [Theory]
    [InlineData(64 * 4096 + 1, 48)]
    [InlineData(4096, 64 * 4096 + 16)]
    [InlineData(0, 48)]
    [InlineData(4096, 0)]
    [InlineData(ulong.MaxValue, 48)]
    public void SizesThatCannotBeMapped_AreIgnored(ulong fdtSize, ulong scratchSize)
    {
        _left.Machine.Handover = _left.Machine.Handover!.Value with { FdtSize = fdtSize, ScratchSize = scratchSize };
        _left.AssertLost();
    }

    [Theory]
    [InlineData(NoMemory, 4096UL)]
    [InlineData(4096UL, NoMemory)]
    [InlineData(ulong.MaxValue & ~4095UL, 8192UL)]
    public void ScratchOutsideOfMemory_Panics(ulong address, ulong length)
    {
        _left.Change<KhoScratch>(_left.Machine.Handover!.Value.ScratchAddress, _ => new KhoScratch(address, length));
        _left.AssertPanic("scratch area");
    }

    [Fact]
    public void NoScratch_Panics()
    {
        // Less than one area.
        _left.Machine.Handover = _left.Machine.Handover!.Value with { ScratchSize = 8 };
        _left.AssertPanic("scratch area");
    }

    /// <summary>Nobody looks, and Linux loads the image after that over what lies there.</summary>
    [Fact]
    public void ScratchOverPreservedMemory_IsTaken()
    {
        ulong luo = Luo;
        _left.Change<KhoScratch>(_left.Machine.Handover!.Value.ScratchAddress, scratch => scratch with { Address = luo });
        AssertAllIsThere();
        EmulatedProcess kernel = _left.Machine.Kernel;
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.Create(device, "again");
        Assert.Equal(0, kernel.Load());
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.Equal(luo, _left.Machine.Handover!.Value.ScratchAddress);
        session.Dispose();
        device.Dispose();
    }

    /// <summary>kho_mem_retrieve follows any address.</summary>
    [Fact]
    public void MemoryMapOutsideOfMemory_Panics()
    {
        ReplaceWord(Fdt, Root, NoMemory);
        _left.AssertPanic("page fault");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TableThatLeadsAstray_Panics(bool circle)
    {
        Span<byte> table = _left.Memory.Structure(Root, 4096);
        int used = table.IndexOfAnyExcept((byte)0) & ~7;
        BinaryPrimitives.WriteUInt64LittleEndian(table[used..], circle ? Root : NoMemory);
        _left.AssertPanic("page fault");
    }

    [Fact]
    [Difference("map-link-into-a-page")]
    public void TableThatLeadsIntoAPage_Panics()
    {
        Span<byte> table = _left.Memory.Structure(Root, 4096);
        Span<byte> link = table[(table.IndexOfAnyExcept((byte)0) & ~7)..];
        BinaryPrimitives.WriteUInt64LittleEndian(link, BinaryPrimitives.ReadUInt64LittleEndian(link) + 2048);
        _left.AssertPanic("page fault");
    }

    [Fact]
    public void PieceOutsideOfMemory_Panics()
    {
        Assert.Equal(Errno.None, Tree().Add(_left.Memory.PageCount << 12, 0));
        _left.AssertPanic("page fault");
    }

    /// <summary>memblock keeps the union, and each record is still restored by its own page.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(30)]
    public void PieceAroundOthers_ChangesNothing(int order)
    {
        ulong around = Luo >> (12 + order) << (12 + order);
        Assert.Equal(Errno.None, Tree().Add(around, order));
        AssertAllIsThere();
    }

    [Fact]
    public void PieceInScratch_ChangesNothing()
    {
        Assert.Equal(Errno.None, Tree().Add(_left.Previous.Scratch[1].Address, 3));
        AssertAllIsThere();
    }

    /// <summary>kho_retrieve_subtree: no such node, and nothing was handed over for LUO.</summary>
    [Fact]
    public void RenamedSubTree_LosesTheSessions()
    {
        Span<byte> fdt = _left.Memory.Structure(Fdt, 4096);
        fdt[fdt.IndexOf("LUO\0"u8)] = (byte)'X';
        EmulatedProcess kernel = _left.Open(out Descriptor device);
        Assert.Equal(ENOENT, kernel.TryRetrieveSession(device, HandedOver.First, out _));
        device.Dispose();
    }

    [Fact]
    public void TooSmallBlob_Panics()
    {
        ReplaceWord(Fdt, LuoSer.Size, LuoSer.Size - 1);
        _left.AssertPanic(Incoming + " [-22]");
    }

    [Fact]
    public void BlobOutsideOfMemory_Panics()
    {
        ReplaceWord(Fdt, Luo, NoMemory);
        _left.AssertPanic("page fault");
    }

    /// <summary>Only looked at when a driver asks for its object.</summary>
    [Fact]
    public void FlbsOutsideOfMemory_ChangeNothing()
    {
        _left.Change<LuoSer>(Luo, static ser => ser with { FlbsPa = NoMemory });
        AssertAllIsThere();
    }

    /// <summary>kho_in_kexec_metadata: an unknown version is ignored, and the count starts again.</summary>
    [Fact]
    public void UnknownMetadata_CountsAgain()
    {
        _left.Change<KexecMetadata>(_left.Blob("kexec-metadata"), static metadata => metadata with { Version = 2, KexecCount = 40 });
        byte[] outgoing = _left.Open(out Descriptor device).ReadFile("/sys/kernel/debug/kho/out/sub_fdts/kexec-metadata");
        Assert.Equal(1U, KexecMetadata.Read(outgoing).KexecCount);
        device.Dispose();
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(52UL)]
    [InlineData(ulong.MaxValue)]
    public void WrongCountInABlockOfSessions_Panics(ulong count)
    {
        _left.Change<KhoBlockHeaderSer>(_left.Records.SessionBlocks[1], header => header with { Count = count });
        _left.AssertPanic(Incoming + " [-22]");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void CircleOfBlocksOfSessions_Panics(int backTo)
    {
        _left.Change<KhoBlockHeaderSer>(
            _left.Records.SessionBlocks[1], header => header with { Next = _left.Records.SessionBlocks[backTo] });
        _left.AssertPanic(Incoming + " [-22]");
    }

    /// <summary>The 10,001st block is refused by kho_block_add; 20,001 are taken for a circle.</summary>
    [Theory]
    [InlineData(10_000, 0)]
    [InlineData(10_001, -28)]
    [InlineData(20_001, -22)]
    public void LongChainOfBlocksOfSessions(int blocks, int error)
    {
        ulong[] chain = [_left.Records.SessionBlocks[0], .. Enumerable.Range(1, blocks - 1).Select(_ => _left.Preserve())];
        var records = _left.Records.Sessions.Take(1).Select(static session => session.Record)
            .Concat(Enumerable.Range(0, (blocks - 1) * LuoSessionSer.PerBlock).Select(static i => new LuoSessionSer($"further-{i}", 0, 0)));
        KhoBlockChain<LuoSessionSer>.Write(_left.Memory, chain, [.. records]);
        if (error != 0)
        {
            _left.AssertPanic($"{Incoming} [{error}]");
            return;
        }

        EmulatedProcess kernel = _left.Open(out Descriptor device);
        using Descriptor last = kernel.RetrieveSession(device, $"further-{((blocks - 1) * LuoSessionSer.PerBlock) - 1}");
        device.Dispose();
    }

    private KhoRadixTree Tree() => new(_left.Memory, Root, _left.Previous.Frames.AllocatePage);

    private void ReplaceWord(ulong page, ulong word, ulong with)
    {
        // Values in a device tree are aligned to four bytes.
        Span<byte> all = _left.Memory.Structure(page, 4096);
        int at = 0;
        while (BinaryPrimitives.ReadUInt64LittleEndian(all[at..]) != word)
        {
            at += 4;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(all[at..], with);
    }

    private void AssertAllIsThere()
    {
        EmulatedProcess kernel = _left.Open(out Descriptor device);
        foreach (HandoverSession session in _left.Records.Sessions)
        {
            using Descriptor retrieved = kernel.RetrieveSession(device, session.Record.Name);
            foreach (HandoverFile file in session.Files)
            {
                using Descriptor memfd = kernel.Retrieve(retrieved, file.Record.Token);
                Assert.Equal((long)file.Memfd!.Record.FileSize, kernel.Status(memfd).Size);
            }
        }

        device.Dispose();
    }
}
