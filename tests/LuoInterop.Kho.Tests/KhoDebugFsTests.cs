using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

public sealed class KhoDebugFsTests : IDisposable
{
    private readonly KhoFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ColdBoot_IsReadAsLinux734ShowsIt()
    {
        KhoDebugFs kho = _folder.ColdBoot().Open();
        Assert.Equal(["LUO", "kexec-metadata"], kho.ListSubTrees(KhoDirection.Out).Value);
        Assert.Equal([new(0x1000000, 0x400000), new KhoScratchArea(0x1_0000_0000, 0x10000000)], kho.ReadScratch().Value);
        Assert.Equal(new KhoKexecMetadata("7.3.4", 1), kho.ReadKexecMetadata(KhoDirection.Out).Value);
        KhoReading<LuoState> luo = kho.ReadLuo(KhoDirection.Out);
        Assert.Equal(new LuoState("luo-v5", 1, 0, 0x1000), luo.Value);
        Assert.Empty(luo.Detail);
        Assert.Equal(KhoFolder.Luo(1), kho.ReadSubTree(KhoDirection.Out, "LUO").Value);

        KhoBootChain chain = kho.ReadBootChain();
        Assert.Equal(0UL, chain.LiveUpdates.Value);
        Assert.Equal(0U, chain.Kexecs.Value);
        Assert.Null(chain.PreviousRelease);
        Assert.Equal("0 live updates, 0 kexecs since the last cold boot", chain.ToString());
    }

    // 233 of 285 bytes: the structure is whole, all but a part of one property's name is cut off.
    [Fact]
    public void OutgoingTree_OnAColdBoot_IsTruncated_AndNamesItsSubTrees()
    {
        KhoReading<KhoTree> reading = _folder.ColdBoot().Open().ReadTree(KhoDirection.Out);
        Assert.Equal(KhoState.Truncated, reading.State);
        Assert.True(reading.HasValue);
        Assert.Equal(["LUO", "kexec-metadata"], reading.Value.SubTrees.Select(static sub => sub.Name));
        Assert.Null(reading.Value.Compatible);
        Assert.All(reading.Value.SubTrees, static sub => Assert.Null(sub.PreservedData ?? sub.BlobSize));
        Assert.Contains("285 bytes, the file has 233", reading.Detail, StringComparison.Ordinal);
        Assert.Contains("2 sub-trees", reading.Detail, StringComparison.Ordinal);
    }

    // Cut later, the first names survive: the strings block begins with preserved-memory-map and compatible.
    [Theory]
    [InlineData(249, null, false, false)]
    [InlineData(260, "kho-v4", true, false)]
    [InlineData(275, "kho-v4", true, true)]
    public void OutgoingTree_KeepsWhatIsSound(int length, string? compatible, bool map, bool data)
    {
        KhoTree tree = _folder.With("out/fdt", GoldenFdt.WithLuo.AsSpan(0, length)).Open().ReadTree(KhoDirection.Out).Value;
        Assert.Equal(compatible, tree.Compatible);
        Assert.Equal(map || length == 249 ? GoldenFdt.MemoryMap : null, tree.PreservedMemoryMap);
        Assert.Equal(data ? GoldenFdt.LuoAddress : null, tree.SubTrees[0].PreservedData);
    }

    [Fact]
    public void AfterAHandover_BothSidesAreRead()
    {
        KhoDebugFs kho = _folder.AfterHandover().Open();
        KhoReading<KhoTree> tree = kho.ReadTree(KhoDirection.In);
        Assert.Equal(KhoState.Present, tree.State);
        Assert.Equal("kho-v4", tree.Value.Compatible);
        Assert.Equal(new KhoSubTree("kexec-metadata", GoldenFdt.MetadataAddress, 73), tree.Value.SubTrees[1]);
        Assert.Equal(new KhoKexecMetadata("7.3.3", 1), kho.ReadKexecMetadata(KhoDirection.In).Value);
        Assert.Equal(
            "1 live update, 1 kexec since the last cold boot, the last one from Linux 7.3.3", kho.ReadBootChain().ToString());
        CheckAbsent(kho.ReadTree(KhoDirection.Out), KhoAbsence.KhoBoot);
    }

    [Fact]
    public void IncomingLuo_OfForeignMemory_IsStale()
    {
        KhoReading<LuoState> reading = _folder.AfterHandover().Open().ReadLuo(KhoDirection.In);
        Assert.Equal(KhoState.Stale, reading.State);
        Assert.False(reading.HasValue);
        Assert.False(reading.TryGetValue(out _));
        Assert.Contains("Use the outgoing side", reading.Detail, StringComparison.Ordinal);
        Assert.Equal(reading.Detail, Assert.Throws<InvalidOperationException>(() => reading.Value).Message);
    }

    [Fact]
    public void IncomingLuo_ThatStillLooksRight_CarriesACaution()
    {
        KhoReading<LuoState> reading = _folder.AfterHandover().With("in/sub_fdts/LUO", KhoFolder.Luo(1)).Open().ReadLuo(KhoDirection.In);
        Assert.Equal(KhoState.Present, reading.State);
        Assert.Equal(1UL, reading.Value.LiveUpdateNumber);
        Assert.Contains("need not be", reading.Detail, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> ForeignLuo => new()
    {
        { "zero page", Convert.ToHexString(new byte[32]) },
        { "number 0", Convert.ToHexString(KhoFolder.Luo(0)) },
        { "sessions not a page", Convert.ToHexString(KhoFolder.Luo(1, sessions: 0x1008)) },
        { "flbs not a page", Convert.ToHexString(KhoFolder.Luo(1, flbs: 1)) },
        { "bytes after the name", "6c756f2d763500ff" + Convert.ToHexString(KhoFolder.Luo(1))[16..] },
        { "name without a number", Convert.ToHexString(KhoFolder.Luo(1, "luo-v")) },
        { "short", "7f454c46" },
        { "tree of another kind", Convert.ToHexString(GoldenFdt.WithLuo) },
        { "tree without a header", "d00dfeed" + Convert.ToHexString(new byte[60]) },
    };

    // The incoming file is foreign memory, the outgoing one is wrong; neither is ever a number.
    [Theory]
    [MemberData(nameof(ForeignLuo))]
    public void Luo_ThatIsNone_IsStaleOrMalformed(string what, string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        KhoDebugFs kho = _folder.AfterHandover().With("in/sub_fdts/LUO", bytes).With("out/sub_fdts/LUO", bytes).Open();
        Assert.True(kho.ReadLuo(KhoDirection.In).State == KhoState.Stale, what);
        Assert.True(kho.ReadLuo(KhoDirection.Out).State == KhoState.Malformed, what);
        Assert.False(kho.ReadBootChain().LiveUpdates.HasValue);
        Assert.StartsWith("live updates unknown (", kho.ReadBootChain().ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("luo-v4")]
    [InlineData("luo-v6")]
    [InlineData("luo-v10")]
    public void Luo_OfAnotherFormat_IsNamed(string format)
    {
        KhoDebugFs kho = _folder.AfterHandover()
            .With("in/sub_fdts/LUO", KhoFolder.Luo(1, format)).With("out/sub_fdts/LUO", KhoFolder.Luo(1, format)).Open();
        foreach (KhoDirection direction in Enum.GetValues<KhoDirection>())
        {
            KhoReading<LuoState> reading = kho.ReadLuo(direction);
            Assert.Equal(KhoState.UnknownFormat, reading.State);
            Assert.Equal(format, reading.Format);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(31)]
    public void Luo_ThatEndsEarly_IsTruncated(int length) => Assert.Equal(
        KhoState.Truncated,
        _folder.With("out/sub_fdts/LUO", KhoFolder.Luo(1).AsSpan(0, length)).Open().ReadLuo(KhoDirection.Out).State);

    [Theory]
    [InlineData("sub_fdts/LUO")]
    [InlineData("fdt")]
    public void Linux71_IsRead(string file)
    {
        var tree = new Abi.KhoRootFdt(0x5000, "kho-v3");
        tree.AddSubtree("LUO", 0x6000, 311);
        KhoDebugFs kho = _folder
            .With("in/fdt", tree.ToArray()).With("in/sub_fdts/LUO", GoldenFdt.LuoV1)
            .With("out/fdt", tree.ToArray()).With("out/sub_fdts/LUO", GoldenFdt.LuoV1).Open();
        foreach (KhoDirection direction in Enum.GetValues<KhoDirection>())
        {
            if (file == "fdt")
            {
                KhoReading<KhoTree> reading = kho.ReadTree(direction);
                Assert.Equal(KhoState.Present, reading.State);
                Assert.Equal("kho-v3", reading.Value.Compatible);
                Assert.Equal([new KhoSubTree("LUO", 0x6000, 311)], reading.Value.SubTrees);
            }
            else
            {
                KhoReading<LuoState> reading = kho.ReadLuo(direction);
                Assert.Equal(KhoState.Present, reading.State);
                Assert.Empty(reading.Detail);
                Assert.Equal(new LuoState("luo-v1", 3, GoldenFdt.SessionHeader, GoldenFdt.FlbHeader), reading.Value);
            }
        }

        Assert.Equal(2UL, kho.ReadBootChain().LiveUpdates.Value);
        CheckAbsent(kho.ReadKexecMetadata(KhoDirection.Out), KhoAbsence.NoSuchEntry);
    }

    [Fact]
    public void Linux71Luo_ThatEndsEarly_IsTruncated()
    {
        for (int length = 4; length < GoldenFdt.LuoV1.Length; length++)
        {
            KhoReading<LuoState> reading =
                _folder.With("out/sub_fdts/LUO", GoldenFdt.LuoV1.AsSpan(0, length)).Open().ReadLuo(KhoDirection.Out);
            Assert.Equal(KhoState.Truncated, reading.State);
        }
    }

    [Fact]
    public void Tree_OfLinuxBefore71_HasSubTreesWithoutSizes()
    {
        var root = new Abi.KhoRootFdt(0x5000, "kho-v1");
        Assert.Equal(Errno.None, root.AddSubtree("LUO", 0x6000, 0));
        KhoReading<KhoTree> reading = _folder.With("in/fdt", root.ToArray()).Open().ReadTree(KhoDirection.In);
        Assert.Equal((KhoState.Present, "kho-v1", 0x5000UL), (reading.State, reading.Value.Compatible, reading.Value.PreservedMemoryMap));
        Assert.Equal(new KhoSubTree("LUO", 0x6000, null), Assert.Single(reading.Value.SubTrees));
    }

    [Fact]
    public void Scratch_IsFoundUnderItsLaterName()
    {
        _folder.With("out/bootmem_phys", "0x1000\n"u8).With("out/bootmem_len", "0x400000\n"u8);
        Assert.Equal([new KhoScratchArea(0x1000, 0x400000)], _folder.Open().ReadScratch().Value);
        Assert.Contains(
            "bootmem_len", _folder.With("out/bootmem_len", "1\n"u8).Open().ReadScratch().Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void ReservedMemory_HasNamesAndPlaces()
    {
        var writer = new Abi.KhoFdtWriter();
        writer.Property("compatible", "memblock-v1");
        writer.Finish();
        Assert.Equal(Errno.None, writer.AddSubnode("trace", [("start", 0x8000UL), ("size", 0x200000UL)], 4096));
        KhoReading<IReadOnlyList<KhoReservedMemory>> Read(byte[] bytes) =>
            _folder.With("out/sub_fdts/memblock", bytes).Open().ReadReservedMemory(KhoDirection.Out);

        // The writer's nodes have numbers only: without its own compatible a node is none of reserve_mem=.
        Assert.Equal(KhoState.Malformed, Read(writer.ToArray()).State);
        KhoReading<IReadOnlyList<KhoReservedMemory>> whole = Read(GoldenFdt.Memblock);
        Assert.Equal([new KhoReservedMemory("trace", 0x8000, 0x200000)], whole.Value);
        Assert.Equal(KhoState.Truncated, Read(GoldenFdt.Memblock[..^4]).State);
        Assert.Equal(KhoState.Truncated, Read([]).State);
        Assert.Equal(KhoState.Malformed, Read(KhoFolder.ElfHeader).State);
        Assert.Equal(KhoAbsence.NotHandedOver, _folder.With("in/fdt", []).Open().ReadReservedMemory(KhoDirection.In).Absence);
    }

    [Theory]
    [InlineData("kho-v2")]
    [InlineData("kho-v5")]
    public void Tree_OfAnotherFormat_IsNamed(string format)
    {
        KhoReading<KhoTree> reading = _folder.With("in/fdt", new Abi.KhoRootFdt(0x5000, format).ToArray()).Open().ReadTree(KhoDirection.In);
        Assert.Equal(KhoState.UnknownFormat, reading.State);
        Assert.Equal(format, reading.Format);
    }

    [Fact]
    public void Tree_OfOtherBytes_IsMalformed_AndAnEmptyOneTruncated()
    {
        Assert.Equal(KhoState.Malformed, _folder.With("in/fdt", KhoFolder.ElfHeader).Open().ReadTree(KhoDirection.In).State);
        Assert.Equal(KhoState.Truncated, _folder.With("in/fdt", []).Open().ReadTree(KhoDirection.In).State);
        var writer = new Abi.KhoFdtWriter();
        writer.Property("model", "not KHO");
        writer.Finish();
        Assert.Equal(KhoState.Malformed, _folder.With("in/fdt", writer.ToArray()).Open().ReadTree(KhoDirection.In).State);
    }

    [Fact]
    public void Metadata_IsCheckedAsTheKernelDoes()
    {
        KhoReading<KhoKexecMetadata> Read(byte[] bytes) =>
            _folder.With("out/sub_fdts/kexec-metadata", bytes).Open().ReadKexecMetadata(KhoDirection.Out);

        Assert.Equal(KhoState.Truncated, Read([1, 0, 0]).State);
        KhoReading<KhoKexecMetadata> next = Read(KhoFolder.Metadata("8.0", 1, version: 2)[..10]);
        Assert.Equal(KhoState.UnknownFormat, next.State);
        Assert.Equal("version 2", next.Format);
        Assert.Equal(KhoState.Truncated, Read(KhoFolder.Metadata("7.3.4", 1)[..72]).State);
        Assert.Equal(new KhoKexecMetadata("7.3.4", 9), Read([.. KhoFolder.Metadata("7.3.4", 9), 1, 2, 3]).Value);
    }

    [Theory]
    [InlineData("0x1000\n0x2000\n", "0x1000\n")]
    [InlineData("1000\n", "0x1000\n")]
    [InlineData("0x1000\n", "0xten\n")]
    [InlineData("0x10000000000000000\n", "0x1000\n")]
    [InlineData("0x 1\n", "0x1000\n")]
    public void Scratch_ThatIsNoList_IsMalformed(string addresses, string lengths) => Assert.Equal(
        KhoState.Malformed,
        _folder.With("out/scratch_phys", System.Text.Encoding.ASCII.GetBytes(addresses))
            .With("out/scratch_len", System.Text.Encoding.ASCII.GetBytes(lengths)).Open().ReadScratch().State);

    [Fact]
    public void File_AboveTheCap_IsNotRead()
    {
        KhoDebugFs kho = _folder.With("out/sub_fdts/big", new byte[KhoDebugFs.MaxFileBytes])
            .With("out/sub_fdts/bigger", new byte[KhoDebugFs.MaxFileBytes + 1]).Open();
        Assert.Equal(KhoDebugFs.MaxFileBytes, kho.ReadSubTree(KhoDirection.Out, "big").Value.Length);
        Assert.Equal(KhoState.Malformed, kho.ReadSubTree(KhoDirection.Out, "bigger").State);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("../fdt")]
    [InlineData("a\0b")]
    [InlineData("")]
    public void SubTree_OfAnImpossibleName_IsAnArgument(string name) =>
        Assert.ThrowsAny<ArgumentException>(() => _folder.Open().ReadSubTree(KhoDirection.Out, name));

    private static void CheckAbsent<T>(KhoReading<T> reading, KhoAbsence absence)
    {
        Assert.Equal(KhoState.Absent, reading.State);
        Assert.Equal(absence, reading.Absence);
        Assert.False(reading.HasValue);
        Assert.NotEmpty(reading.Detail);
    }
}
