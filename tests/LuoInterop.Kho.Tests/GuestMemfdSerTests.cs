using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using static LuoInterop.Kho.Tests.Records;

namespace LuoInterop.Kho.Tests;

/// <summary>Proves the structures of guest_memfd preservation (20260728121138.1103610-1-tarunsahu@google.com): bytes, bounds,
/// round trips, damage.</summary>
public class GuestMemfdSerTests
{
    [Fact]
    public void KvmLuoSer_IsThePostingsBytes() => Check(new KvmLuoSer(4), KvmLuoSer.Size, 8, "0400000000000000");

    [Fact]
    public void GuestMemfdLuoSer_IsThePostingsBytes() => Check(
        new GuestMemfdLuoSer(16 << 20, 3, 1280, 0x1001, new KhoVmalloc(0x1_5634_1000, 0x1234, KhoVmalloc.KHO_VMALLOC_ALLOC, 2)),
        GuestMemfdLuoSer.Size,
        48,
        "0000000100000000" + "0300000000000000" + "0005000000000000" + "0110000000000000" + "0010345601000000" + "34120000" + "0100"
            + "0200");

    // pfn:52 lies in the low bits, flags:12 in the high ones: x86-64 and arm64 allocate bit fields from the low end.
    [Fact]
    public void GuestMemfdLuoFolioSer_IsThePostingsBytes() => Check(
        new GuestMemfdLuoFolioSer(0x12345, GuestMemfdLuoFolioSer.GUEST_MEMFD_LUO_FOLIO_UPTODATE, 7),
        GuestMemfdLuoFolioSer.Size,
        16,
        "4523010000001000" + "0700000000000000");

    [Fact]
    public void Names_AndFlags_AreThePostings()
    {
        Assert.Equal("kvm_vm_luo_v1", KvmLuoSer.KVM_LUO_FH_COMPATIBLE);
        Assert.Equal("guest_memfd_luo_v1", GuestMemfdLuoSer.GUEST_MEMFD_LUO_FH_COMPATIBLE);
        Assert.Equal(3UL, GuestMemfdLuoSer.GUEST_MEMFD_LUO_SUPPORTED_FLAGS);
        Assert.Equal(1, GuestMemfdLuoFolioSer.GUEST_MEMFD_LUO_FOLIO_UPTODATE);
    }

    [Fact]
    public void KvmLuoSer_KeepsEveryByte() => Keeps<KvmLuoSer>();

    [Fact]
    public void GuestMemfdLuoSer_KeepsEveryByte() => Keeps<GuestMemfdLuoSer>();

    [Fact]
    public void GuestMemfdLuoFolioSer_KeepsEveryByte() => Keeps<GuestMemfdLuoFolioSer>();

    [Fact]
    public void ShorterBytes_AreNamed()
    {
        AllShorter<KvmLuoSer>();
        AllShorter<GuestMemfdLuoSer>();
        AllShorter<GuestMemfdLuoFolioSer>();
    }

    [Fact]
    public void ShorterRoom_AndNumbersThatDoNotFit_AreArgumentErrors()
    {
        Assert.ThrowsAny<ArgumentException>(static () => default(KvmLuoSer).Write(new byte[KvmLuoSer.Size - 1]));
        Assert.ThrowsAny<ArgumentException>(static () => default(GuestMemfdLuoSer).Write(new byte[GuestMemfdLuoSer.Size - 1]));
        Assert.ThrowsAny<ArgumentException>(static () => default(GuestMemfdLuoFolioSer).Write(new byte[GuestMemfdLuoFolioSer.Size - 1]));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new GuestMemfdLuoFolioSer(1UL << 52, 0, 0).Write(new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new GuestMemfdLuoFolioSer(0, 1 << 12, 0).Write(new byte[16]));
    }

    /// <summary>The array of folios behind a damaged record: a list of pages or a named error,
    /// with work that the memory's size bounds.</summary>
    [Theory]
    [MemberData(nameof(FuzzTests.Seeds), MemberType = typeof(FuzzTests))]
    public void DamagedRecords_LeadToAListOrANamedError(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 2000; round++)
        {
            var memory = new PhysicalPages();
            ulong record = memory.Allocate();
            ulong[] data = memory.Allocate(3);
            KhoVmalloc array = KhoVmallocList.Write(memory, memory.Allocate(1), data);
            new GuestMemfdLuoSer(16 << 20, 3, 700, 1, array).Write(memory[record]);
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                byte[] page = memory[random.Next(2) == 0 ? record : array.First];
                page[random.Next(GuestMemfdLuoSer.Size)] ^= (byte)(1 << random.Next(8));
            }

            GuestMemfdLuoSer ser = GuestMemfdLuoSer.Read(memory[record]);
            long before = memory.Reads;
            try
            {
                KhoVmallocList list = KhoVmallocList.Read(memory, ser.Folios);
                Assert.Equal(ser.Folios.TotalPages, (uint)list.Pages.Count << ser.Folios.Order);
            }
            catch (KhoFormatException error)
            {
                Assert.NotEmpty(error.Message);
            }

            Assert.InRange(memory.Reads - before, 0, 16);
        }
    }

    private static void AllShorter<T>()
        where T : struct, IKhoSer<T>
    {
        for (int length = 0; length < T.SerSize; length++)
        {
            byte[] bytes = new byte[length];
            Assert.NotEmpty(Assert.Throws<KhoFormatException>(() => T.Read(bytes)).Message);
        }
    }
}
