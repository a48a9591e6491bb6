using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using static LuoInterop.Kho.Tests.Records;

namespace LuoInterop.Kho.Tests;

/// <summary>Proves the structures of HugeTLB preservation: the RFC's, and those of the talk's option 1.</summary>
public class HugetlbSerTests
{
    private const string Vmalloc = "0010345601000000" + "34120000" + "0100" + "0200";

    private static readonly KhoVmalloc Area = new(0x1_5634_1000, 0x1234, KhoVmalloc.KHO_VMALLOC_ALLOC, 2);

    [Fact]
    public void HugeMemfdSer_IsTheHeadersBytes_AndPacked() => Check(
        new HugeMemfdSer(0x1_4000_0000, 5, 5, Area, 18),
        HugeMemfdSer.Size,
        41,
        "0000004001000000" + "0500000000000000" + "0500000000000000" + Vmalloc + "12");

    // pfn:52 lies in the low bits, reserved:12 in the high ones: x86-64 and arm64 allocate bit fields from the low end.
    [Fact]
    public void HugeMemfdFolioSer_IsTheHeadersBytes() => Check(
        new HugeMemfdFolioSer(0x4_0000, 0xabc, 0x8_0000), HugeMemfdFolioSer.Size, 16, "000004000000c0ab" + "0000080000000000");

    [Fact]
    public void HugetlbSer_IsTheHeadersBytes_AndPacked() => Check(
        new HugetlbSer(new(7, 9), new(5, 18), default, default, 2),
        HugetlbSer.Size,
        37,
        "0700000000000000" + "09" + "0500000000000000" + "12" + Zeros(18) + "02");

    [Fact]
    public void HugetlbHstateSer_IsTheHeadersBytes() =>
        Check(new HugetlbHstateSer(0x1_0000_0002, 18), HugetlbHstateSer.Size, 9, "0200000001000000" + "12");

    [Fact]
    public void HugetlbPoolFolioSer_IsTheBytesOfTheFirstWork() =>
        Check(new HugetlbPoolFolioSer(0x4_0000, true, 3), HugetlbPoolFolioSer.Size, 8, "0000040000007000");

    [Fact]
    public void HugetlbPoolSer_IsTheBytesOfTheFirstWork_WithPadding() => Check(
        new HugetlbPoolSer(1, new(90, 18, 0, Area), default, default, default),
        HugetlbPoolSer.Size,
        136,
        "0100" + Zeros(6) + "5a00000000000000" + "12000000" + "00000000" + Vmalloc + Zeros(96));

    [Fact]
    public void Names_AreTheHeaders()
    {
        Assert.Equal("huge-memfd-v1", HugeMemfdSer.HUGE_MEMFD_COMPATIBLE);
        Assert.Equal("hugetlb-v1", HugetlbSer.HUGETLB_FLB_COMPATIBLE);
        Assert.Equal("hugetlb", HugetlbPoolSer.HUGETLB_FLB_NAME);
        Assert.Equal(4, HugetlbSer.HUGETLB_SER_MAX_HSTATES);
    }

    [Fact]
    public void HugeMemfdSer_KeepsEveryByte() => Keeps<HugeMemfdSer>();

    [Fact]
    public void HugeMemfdFolioSer_KeepsEveryByte() => Keeps<HugeMemfdFolioSer>();

    [Fact]
    public void HugetlbSer_KeepsEveryByte() => Keeps<HugetlbSer>();

    [Fact]
    public void HugetlbHstateSer_KeepsEveryByte() => Keeps<HugetlbHstateSer>();

    [Fact]
    public void HugetlbPoolFolioSer_KeepsEveryByte() => Keeps<HugetlbPoolFolioSer>();

    [Fact]
    public void HugetlbPoolHstateSer_KeepsEveryByte() => Keeps<HugetlbPoolHstateSer>();

    [Fact]
    public void HugetlbPoolSer_KeepsEveryByte_ButThePadding() => Keeps<HugetlbPoolSer>((2, 6));

    [Theory]
    [InlineData(9, 0)]
    [InlineData(18, 1)]
    [InlineData(0, -1)]
    [InlineData(10, -1)]
    public void Find_LooksAtTheCountedPoolsOnly(int order, int expected) =>
        Assert.Equal(expected, new HugetlbSer(new(7, 9), new(5, 18), new(1, 10), default, 2).Find(order));

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(255)]
    public void Find_NeverLeavesTheArray(byte count)
    {
        var ser = new HugetlbSer(new(7, 9), new(5, 18), new(1, 10), new(2, 11), count);
        Assert.Equal(count == 0 ? -1 : 3, ser.Find(11));
        Assert.Equal(-1, ser.Find(12));
        Assert.Throws<ArgumentOutOfRangeException>(() => ser[4]);
    }

    [Fact]
    public void Pools_AreAtMostFour()
    {
        var pool = new HugetlbPoolHstateSer(1, 9, 0, default);
        Assert.Equal(4, new HugetlbPoolSer(ushort.MaxValue, pool, pool, pool, pool).Pools.Length);
        Assert.Equal(0, new HugetlbPoolSer(0, pool, pool, pool, pool).Pools.Length);
    }

    [Fact]
    public void Folio_ThatTheBitFieldsCannotHold_IsRefused()
    {
        byte[] bytes = new byte[HugeMemfdFolioSer.Size];
        Assert.Throws<ArgumentOutOfRangeException>(() => new HugeMemfdFolioSer(1UL << 52, 0, 0).Write(bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HugeMemfdFolioSer(0, 0x1000, 0).Write(bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HugetlbPoolFolioSer(1UL << 52, false, 0).Write(bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HugetlbPoolFolioSer(0, false, 0x800).Write(bytes));
    }

    /// <summary>Any bytes of any length decode, or are named too short; what was decoded encodes to the same bytes.</summary>
    [Theory]
    [MemberData(nameof(FuzzTests.Seeds), MemberType = typeof(FuzzTests))]
    public void AnyBytes_AreReadOrNamed(int seed)
    {
        var random = new Random(seed);
        int read = 0;
        for (int round = 0; round < 4000; round++)
        {
            byte[] bytes = new byte[random.Next(HugetlbPoolSer.Size + 8)];
            random.NextBytes(bytes);
            read += Survives<HugeMemfdSer>(bytes) + Survives<HugeMemfdFolioSer>(bytes) + Survives<HugetlbSer>(bytes);
            if (bytes.Length >= HugetlbSer.Size)
            {
                Assert.InRange(HugetlbSer.Read(bytes).Find(bytes[8]), -1, 3);
            }

            if (bytes.Length >= HugetlbPoolSer.Size)
            {
                Assert.InRange(HugetlbPoolSer.Read(bytes).Pools.Length, 0, 4);
            }
        }

        Assert.InRange(read, 4000, 12000);
    }

    private static int Survives<T>(byte[] bytes)
        where T : struct, IKhoSer<T>
    {
        if (bytes.Length < T.SerSize)
        {
            Assert.Equal(KhoFormatError.Truncated, Assert.Throws<KhoFormatException>(() => T.Read(bytes)).Error);
            return 0;
        }

        byte[] encoded = new byte[T.SerSize];
        T.Read(bytes).Write(encoded);
        Assert.Equal(bytes[..T.SerSize], encoded);
        return 1;
    }

    private static string Zeros(int count) => new('0', count * 2);
}
