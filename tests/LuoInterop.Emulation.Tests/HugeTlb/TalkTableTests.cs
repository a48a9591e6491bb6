using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Reproduces the table and the problems of the talk "memfd preservation using LUO": 100 GiB, 90 pages of 1 GiB,
/// 5 of them in a file.</summary>
public sealed class TalkTableTests
{
    [Theory]
    [InlineData("none", 90, 95)]
    [InlineData("pool", 90, 90)]
    [InlineData("count", 85, 90)]
    public void Problem1_PagesAfterBoot_AndAfterTheFileIsBack(string fix, ulong booted, ulong retrieved)
    {
        string words = $"default_hugepagesz=1G hugepages=90 hugetlb_luo={fix}";
        using EmulatedMachine machine = Machine(words, 100);
        EmulatedProcess first = machine.Boot();
        Assert.Equal((90UL, 90UL, 0UL, 0UL), first.Counts(GiB));
        Descriptor session = first.Create(first.OpenDevice(), "vm");
        Descriptor memory = first.HugeMemfd(Huge1G, 5 * GiB);
        first.Poke(memory, (3 * GiB) + 7, GiB, 1, 2, 3);
        Assert.Equal(0, first.Preserve(session, memory.Fd, 1));
        Assert.Equal((90UL, 85UL, 0UL, 0UL), first.Counts(GiB));

        EmulatedProcess next = machine.Jump(words);
        Assert.Equal(booted, next.Number("/proc/sys/vm/nr_hugepages"));
        Descriptor retrievedSession = next.RetrieveSession(next.OpenDevice(), "vm");
        using Descriptor file = next.Retrieve(retrievedSession, 1);
        Assert.Equal(retrieved, next.Number("/proc/sys/vm/nr_hugepages"));
        Assert.Equal(retrieved - 5, next.Number(SysFs(GiB, "free_hugepages")));
        Assert.Equal([0, 1, 2, 3, 0], next.Content(file, 5, (3 * GiB) + 6));
        Assert.Equal(5 * GiB, next.Status(file).Size);
        Assert.Equal(0, next.Finish(retrievedSession));
        Assert.Equal((retrieved, retrieved - 5, 0UL, 0UL), next.Counts(GiB));
        memory.Dispose();
        retrievedSession.Dispose();
        file.Dispose();
        Assert.Equal((retrieved, retrieved, 0UL, 0UL), next.Counts(GiB));
    }

    // The frozen pool refuses what would change it, until the session is closed. EBUSY is a guess.
    [Fact]
    public void Problem1Option1_ThePoolIsFrozenFromTheFirstFileToTheKexec()
    {
        using EmulatedMachine machine = Machine("hugepages=8 hugepagesz=1G hugepages=2 hugetlb_luo=pool");
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Descriptor memory = kernel.HugeMemfd(Huge2M, 2 * Middle);
        Descriptor other = kernel.HugeMemfd(Huge2M, 4 * Middle);
        Assert.Equal(0, kernel.FAllocate(other, 0, 0, Middle));
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        Assert.Equal(EBUSY, kernel.Put(SysFs(Middle, "nr_hugepages"), "9"));
        Assert.Equal(EBUSY, kernel.Put(SysFs(GiB, "nr_hugepages"), "1"));
        Assert.Equal(EBUSY, kernel.Put(SysFs(Middle, "nr_overcommit_hugepages"), "1"));
        Assert.Equal(EBUSY, kernel.FAllocate(other, 0, 0, 2 * Middle));
        Assert.Equal(EBUSY, kernel.FAllocate(other, PunchHole, 0, Middle));
        Assert.Equal(EBUSY, kernel.FTruncate(other, 0));
        Assert.Equal(EBUSY, kernel.Map(other, 2 * Middle));
        Assert.Equal(0, kernel.FTruncate(other, 3 * Middle));
        Assert.Equal(0, kernel.FAllocate(other, 0, 0, Middle));

        // What needs nothing of the pool goes on: the guest's memory is mapped again.
        kernel.Unmap(kernel.Map(memory, 2 * Middle), 2 * Middle);
        session.Dispose();
        Assert.Equal(0, kernel.FAllocate(other, 0, 0, 2 * Middle));
        Assert.Equal(1, kernel.Put(SysFs(Middle, "nr_hugepages"), "9"));
        Assert.Equal((9UL, 5UL, 0UL, 0UL), kernel.Counts(Middle));
    }

    [Theory]
    [InlineData("extended", 6)]
    [InlineData("early", 6)]
    [InlineData("scratch", 0)]
    public void Problem2_GiganticPages_FitWhereScratchOnlyModeLetsThem(string mode, ulong pages)
    {
        string words = $"hugepagesz=1G hugepages=6 hugetlb_boot={mode}";
        using EmulatedMachine machine = Machine(words, 7);
        Assert.Equal(6UL, machine.Boot().Pool(GiB).Total);
        EmulatedProcess next = machine.Jump(words);
        Assert.Equal(pages, next.Pool(GiB).Total);
        Assert.Equal(
            pages < 6,
            next.HugePageMessages.Contains($"HugeTLB: allocating 6 of page size 1.00 GiB failed.  Only allocated {pages} hugepages."));
    }

    // "Doesn't solve the problem when HugeTLB files are not preserved."
    [Theory]
    [InlineData("pool", true, 6, 6)]
    [InlineData("pool", false, 0, 0)]
    [InlineData("count", true, 0, 2)]
    [InlineData("count", false, 0, 0)]
    public void Problem2_PreservingThePool_HelpsOnlyWhereAFileIsPreserved(string fix, bool preserves, ulong booted, ulong retrieved)
    {
        string words = $"hugepagesz=1G hugepages=6 hugetlb_boot=scratch hugetlb_luo={fix}";
        using EmulatedMachine machine = Machine(words, 7);
        EmulatedProcess first = machine.Boot();
        Descriptor session = first.Create(first.OpenDevice(), "vm");
        Descriptor memory = first.HugeMemfd(Huge1G, 2 * GiB);
        if (preserves)
        {
            Assert.Equal(0, first.Preserve(session, memory.Fd, 1));
        }

        EmulatedProcess next = machine.Jump(words);
        Assert.Equal(booted, next.Pool(GiB).Total);
        using Descriptor retrievedSession = next.RetrieveSession(next.OpenDevice(), "vm");
        if (preserves)
        {
            Assert.Equal(2 * GiB, next.Status(next.Retrieve(retrievedSession, 1)).Size);
        }

        Assert.Equal(retrieved, next.Pool(GiB).Total);
    }

    [Fact]
    public void Problem3_EarlyAccess_SeesTheObjectBeforeLuoIsUp_AndLeavesNoTrace()
    {
        int early = 0;
        var module = new EmulatedModule("early", context =>
        {
            early = context.GetIncomingEarly("hugetlb-v1", out ulong data);
            Assert.Equal(early == 0, data != 0);
            Assert.Equal(early, context.GetIncomingEarly("hugetlb-v1", out ulong again));
            Assert.Equal(data, again);
            return 0;
        });
        const string Words = "hugepagesz=1G hugepages=4";
        using var machine = new EmulatedMachine(new EmulatedMachineOptions
        {
            Release = Release,
            CommandLine = Live + Words,
            MemorySize = 8UL << 30,
            Modules = [module],
        });
        EmulatedProcess first = machine.Boot();
        Assert.Equal(-61, early);
        Descriptor session = first.Create(first.OpenDevice(), "vm");
        Assert.Equal(0, first.Preserve(session, first.HugeMemfd(Huge1G, GiB).Fd, 1));
        EmulatedProcess next = machine.Jump(Words);
        Assert.Equal(0, early);
        Assert.Equal(3UL, next.Pool(GiB).Total);
        Assert.Equal(1UL, next.Pool(GiB).FromLiveUpdate);
        Assert.Contains("HugeTLB: registered 1.00 GiB page size, pre-allocated 3 pages, 1 pages from liveupdate", next.HugePageMessages);

        // Live update off: nothing can be asked, all pages are allocated, and the preserved one is lost to this boot.
        EmulatedProcess off = Again(machine, next, "kho=on " + Words);
        Assert.Equal(-95, early);
        Assert.Equal(4UL, off.Pool(GiB).Total);
        Assert.Equal(0UL, off.Pool(GiB).FromLiveUpdate);

        static EmulatedProcess Again(EmulatedMachine machine, EmulatedProcess kernel, string commandLine)
        {
            Descriptor device = kernel.OpenDevice();
            Descriptor retrieved = kernel.RetrieveSession(device, "vm");
            Descriptor file = kernel.Retrieve(retrieved, 1);
            Assert.Equal(0, kernel.Finish(retrieved));
            Assert.Equal(0, kernel.Preserve(kernel.Create(device, "vm"), file.Fd, 1));
            Assert.Equal(0, kernel.Load(Release, commandLine));
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
            return machine.Boot();
        }
    }
}
