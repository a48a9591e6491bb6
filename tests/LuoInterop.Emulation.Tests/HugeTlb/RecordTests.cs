using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Looks at the bytes between two kernels: the posting's records, and what a kernel of another mode makes of them.</summary>
public sealed class RecordTests
{
    [Fact]
    public void Count_WritesThePostingsRecords()
    {
        using EmulatedMachine machine = Machine("hugepages=8 hugepagesz=1G hugepages=1");
        Preserve(machine, "hugepages=8 hugepagesz=1G hugepages=1");
        Handover left = HandoverReader.Read(machine.Memory, machine.Handover!.Value.FdtAddress);
        LuoFileSer record = Assert.Single(Assert.Single(left.Sessions).Files).Record;
        Assert.Equal(("huge-memfd-v1", 7UL), (record.Compatible, record.Token));
        HugeMemfdSer ser = HugeMemfdSer.Read(machine.Memory.Structure(record.Data, HugeMemfdSer.Size));
        Assert.Equal(((ulong)(3 * Middle), 17UL, 3UL, 9), (ser.FileSize, ser.Pos, ser.NrFolios, ser.Order));
        byte[] folios = machine.Memory.Page(KhoVmallocList.Read(machine.Memory, ser.Folios).Pages[0] >> 12).ToArray();
        for (int i = 0; i < 3; i++)
        {
            HugeMemfdFolioSer folio = HugeMemfdFolioSer.Read(folios.AsSpan(i * HugeMemfdFolioSer.Size));
            Assert.Equal((0UL, (ushort)0, (ulong)(i * 512)), (folio.Pfn % 512, folio.Reserved, folio.Index));
            Assert.Contains((folio.Pfn << 12, 9), left.Preserved.Pieces());
        }

        EmulatedProcess next = machine.Boot();
        Assert.Equal(0, next.Running.Luo!.Flbs.FindIncoming("hugetlb-v1", out LuoFlbSer flb));
        Assert.Equal(1UL, flb.Count);
        HugetlbSer counts = HugetlbSer.Read(next.Running.Handover.Memory.Structure(flb.Data, HugetlbSer.Size));
        Assert.Equal(2, counts.NrHstates);
        Assert.Equal(new HugetlbHstateSer(0, 18), counts[counts.Find(18)]);
        Assert.Equal(new HugetlbHstateSer(3, 9), counts[counts.Find(9)]);

        // Finished with the file, the object's page is free again.
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        Assert.Equal(0, next.Finish(session));
        Assert.True(next.Running.Handover.Memory.Page(flb.Data >> 12).IsEmpty);
    }

    [Fact]
    public void Pool_WritesEveryPageOfEveryPool()
    {
        const string Words = "hugepages=8 hugepagesz=1G hugepages=1 hugetlb_luo=pool";
        using EmulatedMachine machine = Machine(Words);
        Preserve(machine, Words);
        Handover left = HandoverReader.Read(machine.Memory, machine.Handover!.Value.FdtAddress);
        Assert.Equal(8, left.Preserved.Pieces().Count(static piece => piece.Order == 9));
        Assert.Equal(1, left.Preserved.Pieces().Count(static piece => piece.Order == 18));
    }

    // The first work's flag is not there: EINVAL. The other way the object has a name that nobody knows, and the free pages are lost.
    [Theory]
    [InlineData("count", "pool", 8, EINVAL, 8)]
    [InlineData("none", "count", 8, 0, 11)]
    [InlineData("count", "none", 8, 0, 11)]
    [InlineData("pool", "count", 8, 0, 11)]
    public void KernelsOfTwoModes_DoNotKnowEachOthersObject(string first, string second, ulong booted, int result, ulong total)
    {
        using EmulatedMachine machine = Machine("hugepages=8 hugetlb_luo=" + first);
        Preserve(machine, "hugepages=8 hugetlb_luo=" + second);
        EmulatedProcess next = machine.Boot();
        Assert.Equal(booted, next.Pool(Middle).Total);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        Assert.Equal(result, next.TryRetrieve(session, 7, out _));
        Assert.Equal(total, next.Pool(Middle).Total);
        Assert.Equal(result == 0 ? 0UL : 3UL, next.Pool(Middle).Leaked);
        Assert.Equal(0, next.Finish(session));
    }

    private static void Preserve(EmulatedMachine machine, string words)
    {
        EmulatedProcess kernel = machine.Boot();
        Descriptor file = kernel.HugeMemfd(Huge2M, 3 * Middle);
        Assert.Equal(17, kernel.LSeek(file, 17, SeekOrigin.Begin));
        Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "vm"), file.Fd, 7));
        Assert.Equal(0, kernel.Load(Release, Live + words));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        file.Dispose();
    }
}
