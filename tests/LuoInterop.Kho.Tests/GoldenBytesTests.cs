using LuoInterop.Arrays;
using LuoInterop.Kho.Abi;
using static LuoInterop.Kho.Tests.Records;

namespace LuoInterop.Kho.Tests;

/// <summary>Compares each structure with bytes derived by hand from the kernel's ABI headers.</summary>
public class GoldenBytesTests
{
    private const string Vmalloc = "0010345601000000" + "34120000" + "0100" + "0200";

    [Fact]
    public void LuoSer_IsTheHeadersBytes() => Check(
        new LuoSer("luo-v5", 2, 0x1_2345_6000, 0xfedc_ba98_7654_3000),
        LuoSer.Size,
        32,
        "6c756f2d76350000" + "0200000000000000" + "0060452301000000" + "003054" + "7698badcfe");

    [Fact]
    public void KhoBlockHeaderSer_IsTheHeadersBytes() => Check(
        new KhoBlockHeaderSer(0x1_0000_2000, 51), KhoBlockHeaderSer.Size, 16, "0020000001000000" + "3300000000000000");

    [Fact]
    public void LuoSessionSer_IsTheHeadersBytes() => Check(
        new LuoSessionSer("vm\u00ff1", 0x1000, 3),
        LuoSessionSer.Size,
        80,
        "766dff31" + Zeros(60) + "0010000000000000" + "0300000000000000");

    [Fact]
    public void LuoSessionHeaderSer_IsTheHeadersBytes() =>
        Check(new LuoSessionHeaderSer(819), LuoSessionHeaderSer.Size, 8, "3303000000000000");

    [Fact]
    public void KhoserMemChunkHdr_IsTheSourcesBytes() => Check(
        new KhoserMemChunkHdr(0x1_0000_2000, 9, 255), KhoserMemChunkHdr.Size, 16, "0020000001000000" + "09000000" + "ff000000");

    [Fact]
    public void KhoserMemBitmapPtr_IsTheSourcesBytes() => Check(
        new KhoserMemBitmapPtr(0x800_0000, 0x1_0000_3000), KhoserMemBitmapPtr.Size, 16, "0000000800000000" + "0030000001000000");

    [Fact]
    public void LuoFileSer_IsTheHeadersBytes() => Check(
        new LuoFileSer("memfd-v2", 0x2000, ulong.MaxValue),
        LuoFileSer.Size,
        64,
        "6d656d66642d7632" + Zeros(40) + "0020000000000000" + "ffffffffffffffff");

    [Fact]
    public void LuoFlbHeaderSer_IsTheHeadersBytes() =>
        Check(new LuoFlbHeaderSer(1, 63), LuoFlbHeaderSer.Size, 16, "0100000000000000" + "3f00000000000000");

    [Fact]
    public void LuoFlbSer_IsTheHeadersBytes() => Check(
        new LuoFlbSer("pci", 0x3000, 2), LuoFlbSer.Size, 64, "706369" + Zeros(45) + "0030000000000000" + "0200000000000000");

    [Fact]
    public void KhoVmalloc_IsTheHeadersBytes() =>
        Check(new KhoVmalloc(0x1_5634_1000, 0x1234, KhoVmalloc.KHO_VMALLOC_ALLOC, 2), KhoVmalloc.Size, 16, Vmalloc);

    [Fact]
    public void MemfdLuoSer_IsTheHeadersBytes() => Check(
        new MemfdLuoSer(5, 0x10000, 0x20, 0, 16, new KhoVmalloc(0x1_5634_1000, 0x1234, 1, 2)),
        MemfdLuoSer.Size,
        48,
        "0500000000000000" + "0000010000000000" + "20000000" + "00000000" + "1000000000000000" + Vmalloc);

    [Fact]
    public void MemfdLuoSerV1_IsTheHeadersBytes() => Check(
        new MemfdLuoSerV1(5, 0x10000, 16, new KhoVmalloc(0x1_5634_1000, 0x1234, 1, 2)),
        MemfdLuoSerV1.Size,
        40,
        "0500000000000000" + "0000010000000000" + "1000000000000000" + Vmalloc);

    // pfn:52 lies in the low bits, flags:12 in the high ones: x86-64 and arm64 allocate bit fields from the low end.
    [Fact]
    public void MemfdLuoFolioSer_IsTheHeadersBytes() => Check(
        new MemfdLuoFolioSer(
            0x1_2345, MemfdLuoFolioSer.MEMFD_LUO_FOLIO_DIRTY | MemfdLuoFolioSer.MEMFD_LUO_FOLIO_UPTODATE, 0x200),
        MemfdLuoFolioSer.Size,
        16,
        "4523010000003000" + "0002000000000000");

    [Fact]
    public void KhoArray_IsThePostingsBytes() =>
        Check(KhoArray.Of(0x1_0000_2000), KhoArray.Size, 16, "5252414b" + "0000" + "0000" + "0020000001000000");

    [Fact]
    public void KhoArrayPage_IsThePostingsBytes() =>
        Check(new KhoArrayPage(0x1_0000_2000, 1020), KhoArrayPage.Size, 16, "0020000001000000" + "fc03000000000000");

    [Fact]
    public void KexecMetadata_IsTheHeadersBytes() =>
        Check(new KexecMetadata(1, "7.3.4", 2), KexecMetadata.Size, 73, "01000000" + "372e332e34" + Zeros(60) + "02000000");

    [Fact]
    public void KhoScratch_IsTheHeadersBytes() =>
        Check(new KhoScratch(0x1000, 0x40_0000), KhoScratch.Size, 16, "0010000000000000" + "0000400000000000");

    [Fact]
    public void Constants_AreTheHeaders()
    {
        Assert.Equal(51, LuoSessionSer.PerBlock);
        Assert.Equal(51, KhoBlockChain<LuoSessionSer>.PerBlock);
        Assert.Equal(63, LuoFileSer.PerBlock);
        Assert.Equal(63, KhoBlockChain<LuoFileSer>.PerBlock);
        Assert.Equal(63, LuoFlbHeaderSer.LUO_FLB_MAX);
        Assert.Equal(819, LuoSessionHeaderSer.LUO_SESSION_MAX);
        Assert.Equal(128, LuoFileSer.LUO_FILE_MAX);
        Assert.Equal(255, KhoserMemChunkHdr.KHOSER_BITMAP_SIZE);
        Assert.Equal(32768, KhoserMemMap.PRESERVE_BITS);
        Assert.Equal(511, KhoVmalloc.KHO_VMALLOC_SIZE);
        Assert.Equal(510, KhoArrayPage.KA_PAGE_NR_ENTRIES);
        Assert.Equal(10000, KhoBlockHeaderSer.KHO_MAX_BLOCKS);
        Assert.Equal(53, KhoRadixTree.KHO_RADIX_KEY_WIDTH);
        Assert.Equal(15, KhoRadixTree.KHO_BITMAP_SIZE_LOG2);
    }

    [Theory]
    [InlineData("0123456789")]
    [InlineData("a\0b")]
    [InlineData("\u0100")]
    public void Name_ThatTheFieldCannotHold_IsRefused(string name) =>
        Assert.Throws<ArgumentException>(() => new LuoSer(name, 1, 0, 0).Write(new byte[LuoSer.Size]));

    [Fact]
    public void Name_WithoutNul_FillsItsField()
    {
        string name = new('x', LuoSessionSer.LIVEUPDATE_SESSION_NAME_LENGTH);
        byte[] bytes = new byte[LuoSessionSer.Size];
        new LuoSessionSer(name, 0, 0).Write(bytes);
        Assert.Equal(name, LuoSessionSer.Read(bytes).Name);
    }

    [Fact]
    public void Folio_ThatTheBitFieldsCannotHold_IsRefused()
    {
        byte[] bytes = new byte[MemfdLuoFolioSer.Size];
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemfdLuoFolioSer(1UL << 52, 0, 0).Write(bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemfdLuoFolioSer(0, 0x1000, 0).Write(bytes));
    }

    private static string Zeros(int count) => new('0', count * 2);
}
