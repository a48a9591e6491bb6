using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Shows the eight cases of the list, by number. Case 1 is the talk's table: <see cref="TalkTableTests"/>.</summary>
public sealed class CaseTests
{
    private const string Words = "hugepagesz=1G hugepages=4";

    [Fact]
    public void Case1_NinetyAndFive_AreNinetyFiveWithoutTheObject_AndNinetyWith()
    {
        var table = new TalkTableTests();
        table.Problem1_PagesAfterBoot_AndAfterTheFileIsBack("none", 90, 95);
        table.Problem1_PagesAfterBoot_AndAfterTheFileIsBack("count", 85, 90);
    }

    [Fact]
    public void Case2_PreserveAndUnpreserve_CountsBackToZero()
    {
        using EmulatedMachine machine = Machine(Words);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        var before = Boot.KernelFootprint.Of(machine.Kernel.Running);
        Descriptor kept = kernel.Create(device, "kept");
        Descriptor dropped = kernel.Create(device, "dropped");
        Descriptor one = kernel.HugeMemfd(Huge1G, GiB);
        Descriptor two = kernel.HugeMemfd(Huge1G, 2 * GiB);
        Assert.Equal(0, kernel.Preserve(kept, one.Fd, 1));
        Assert.Equal(0, kernel.Preserve(dropped, two.Fd, 1));
        Assert.Equal(EBUSY, kernel.Preserve(kept, two.Fd, 2));
        dropped.Dispose();

        // Thawed, and what pinning filled stays.
        Assert.Equal(0, kernel.FTruncate(two, 3 * GiB));
        Assert.Equal(1UL, kernel.Pool(GiB).Free);
        EmulatedProcess next = machine.Jump(Words);
        Assert.Equal(1UL, next.Pool(GiB).FromLiveUpdate);

        using EmulatedMachine again = Machine(Words);
        kernel = again.Boot();
        device = kernel.OpenDevice();
        before = Boot.KernelFootprint.Of(again.Kernel.Running);
        using (Descriptor session = kernel.Create(device, "s"))
        {
            using Descriptor file = kernel.HugeMemfd(Huge1G, GiB);
            Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
        }

        Assert.Equal(4UL, kernel.Pool(GiB).Free);
        Assert.Equal(before, Boot.KernelFootprint.Of(again.Kernel.Running));
        Assert.Equal(0UL, again.Jump(Words).Pool(GiB).FromLiveUpdate);
    }

    [Fact]
    public void Case3_MoreArePreservedThanConfigured_WarnsAndRaisesTheNumber()
    {
        using EmulatedMachine machine = Machine(Words);
        PreserveOne(machine.Boot(), 3);
        EmulatedProcess next = machine.Jump("hugepagesz=1G hugepages=2");
        Assert.Equal(0UL, next.Pool(GiB).Total);
        Assert.Equal(3UL, next.Pool(GiB).FromLiveUpdate);
        Assert.Contains("HugeTLB: got 3 of page size 1.00 GiB from liveupdate, requested pages are 2", next.HugePageMessages);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        using Descriptor file = next.Retrieve(session, 1);
        Assert.Equal((3UL, 0UL, 0UL, 0UL), next.Counts(GiB));
    }

    [Fact]
    public void Case3_PagesOfANode_AreAllocatedAnywhereWhereLiveUpdateBringsSome()
    {
        using EmulatedMachine machine = Machine(Words);
        PreserveOne(machine.Boot(), 1);
        EmulatedProcess next = machine.Jump("hugepagesz=1G hugepages=0:4");
        Assert.Equal(3UL, next.Pool(GiB).Total);
        Assert.Contains("HugeTLB: node-specific allocation not supported with liveupdate. Defaulting to normal", next.HugePageMessages);
    }

    [Theory]
    [InlineData("count")]
    [InlineData("pool")]
    public void Case4_NoFileIsRetrieved_FinishGivesThePagesToThePool(string fix)
    {
        string words = $"{Words} hugetlb_luo={fix}";
        using EmulatedMachine machine = Machine(words);
        PreserveOne(machine.Boot(), 2);
        EmulatedProcess next = machine.Jump(words);
        Assert.Equal(2UL, next.Pool(GiB).Free);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        Assert.Equal(0, next.Finish(session));
        Assert.Equal((4UL, 4UL, 0UL, 0UL), next.Counts(GiB));
        Assert.Equal(ENOENT, next.TryRetrieve(session, 1, out _));
        using Descriptor all = next.HugeMemfd(Huge1G, 4 * GiB);
        Assert.Equal(0, next.FAllocate(all, 0, 0, 4 * GiB));
        Assert.Equal(4UL, machine.Jump(words).Pool(GiB).Free);
    }

    [Fact]
    public void Case5_RetrieveFails_PagesAreLeaked_AndThePoolDoesNotGrow()
    {
        using EmulatedMachine machine = Machine(Words);
        PreserveOne(machine.Boot(), 3);
        machine.Faults.DamageFolio(FolioDamage.NotPreserved, 1, GiB + 5);
        EmulatedProcess next = machine.Jump(Words);
        Assert.Equal(1UL, next.Pool(GiB).Total);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        Assert.Equal(EINVAL, next.TryRetrieve(session, 1, out _));
        Assert.Equal(1UL, next.Pool(GiB).Total);
        Assert.Equal(3UL, next.Pool(GiB).Leaked);
        Assert.Equal(EINVAL, next.TryRetrieve(session, 1, out _));
        Assert.Equal(3UL, next.Pool(GiB).Leaked);
        Assert.Equal(0, next.Finish(session));
        Assert.Equal((1UL, 1UL, 0UL, 0UL), next.Counts(GiB));

        // Only another boot brings them back.
        Assert.Equal(4UL, machine.Jump(Words + " hugetlb_boot=early").Pool(GiB).Total);
    }

    [Theory]
    [InlineData("hugetlb.1GB.rsvd.max", 2, 1)]
    [InlineData("hugetlb.1GB.max", 2, 4)]
    public void Case6_TheCgroupAllowsLessThanTheFile_EnomemForEver(string limit, ulong allowed, ulong total)
    {
        using EmulatedMachine machine = Machine(Words);
        PreserveOne(machine.Boot(), 3);
        EmulatedProcess next = machine.Jump(Words);
        Assert.Equal(2, next.Put("/sys/fs/cgroup/" + limit, $"{allowed}G"));
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        Assert.Equal(ENOMEM, next.TryRetrieve(session, 1, out _));
        Assert.Equal(3, next.Put("/sys/fs/cgroup/" + limit, "max"));
        Assert.Equal(ENOMEM, next.TryRetrieve(session, 1, out _));
        Assert.Equal(3UL, next.Pool(GiB).Leaked);

        // Above the limit of used pages the posting has taken them into the pool already, where nobody can free them.
        Assert.Equal((total, 1UL, 0UL, 0UL), next.Counts(GiB));
    }

    [Fact]
    public void Case7_TwoSizes_AreCountedApart()
    {
        const string Both = "hugepages=8 hugepagesz=1G hugepages=3";
        using EmulatedMachine machine = Machine(Both);
        EmulatedProcess first = machine.Boot();
        Descriptor device = first.OpenDevice();
        Descriptor session = first.Create(device, "vm");
        Descriptor small = first.HugeMemfd(Huge2M, 3 * Middle);
        Descriptor large = first.HugeMemfd(Huge1G, 2 * GiB);
        first.Poke(small, 2 * Middle, Middle, 22);
        first.Poke(large, GiB, GiB, 11);
        Assert.Equal(0, first.Preserve(session, small.Fd, 2));
        Assert.Equal(0, first.Preserve(session, large.Fd, 1));
        EmulatedProcess next = machine.Jump(Both);
        Assert.Equal(3UL, next.Pool(Middle).FromLiveUpdate);
        Assert.Equal(2UL, next.Pool(GiB).FromLiveUpdate);
        Assert.Equal((5UL, 5UL, 0UL, 0UL), next.Counts(Middle));
        Assert.Equal((1UL, 1UL, 0UL, 0UL), next.Counts(GiB));
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "vm");
        using Descriptor gigantic = next.Retrieve(retrieved, 1);
        using Descriptor middle = next.Retrieve(retrieved, 2);
        Assert.Equal([11], next.Content(gigantic, 1, GiB));
        Assert.Equal([22], next.Content(middle, 1, 2 * Middle));
        Assert.Equal((8UL, 5UL, 0UL, 0UL), next.Counts(Middle));
        Assert.Equal((3UL, 1UL, 0UL, 0UL), next.Counts(GiB));
    }

    [Fact]
    public void Case8_PlainRelease_AnswersEnoent_AndCannotOpenWhatThePreviewLeft()
    {
        using EmulatedMachine plain = new();
        EmulatedProcess kernel = plain.Boot();
        int huge = kernel.MemfdCreate("huge", Huge2M);
        if (huge >= 0)
        {
            using var file = new Descriptor(kernel, huge);
            Assert.Equal(ENOENT, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), file.Fd, 1));
        }

        using EmulatedMachine machine = Machine(Words);
        PreserveOne(machine.Boot(), 1);
        EmulatedProcess next = machine.Jump(Words, "7.3.4");
        Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
        Assert.Empty(next.CountHugePages());
    }

    private static void PreserveOne(EmulatedProcess kernel, long gigabytes)
    {
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Assert.Equal(0, kernel.Preserve(session, kernel.HugeMemfd(Huge1G, gigabytes * GiB).Fd, 1));
    }
}
