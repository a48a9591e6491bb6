using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Proves the pools' counts while the kernel runs: sysfs, reservations, surplus pages, the cgroup (mm/hugetlb.c).</summary>
public sealed class PoolTests : IDisposable
{
    private readonly EmulatedMachine _machine = Machine("hugepages=4 hugepagesz=1G hugepages=2");
    private readonly EmulatedProcess _kernel;

    public PoolTests() => _kernel = _machine.Boot();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void SysFs_ShowsWhatIsCounted()
    {
        Assert.Equal(0, _kernel.ReadDirectory("/sys/kernel/mm/hugepages", out string[] folders));
        Assert.Equal(["hugepages-1048576kB", "hugepages-2048kB"], folders.Order(StringComparer.Ordinal));
        Assert.Equal(0, _kernel.ReadDirectory("/sys/kernel/mm/hugepages/hugepages-2048kB", out string[] names));
        Assert.Equal(
            ["free_hugepages", "nr_hugepages", "nr_overcommit_hugepages", "resv_hugepages", "surplus_hugepages"],
            names.Order(StringComparer.Ordinal));
        Assert.Equal("4\n", _kernel.ReadText(SysFs(Middle, "nr_hugepages")));
        Assert.Equal(2UL, _kernel.Number(SysFs(GiB, "free_hugepages")));
        Assert.Equal(ENOENT, _kernel.Open("/sys/kernel/mm/hugepages/hugepages-64kB/nr_hugepages", O_RDONLY));
    }

    [Theory]
    [InlineData("9\n", 2, 9)]
    [InlineData("1", 1, 1)]
    [InlineData("0", 1, 0)]
    [InlineData("x", EINVAL, 4)]
    [InlineData("-1", EINVAL, 4)]
    [InlineData("99999999999999999999", -34, 4)]
    public void NrHugepages_ResizesThePool(string text, int result, ulong pages)
    {
        Assert.Equal(result, _kernel.Put(SysFs(Middle, "nr_hugepages"), text));
        Assert.Equal((pages, pages, 0UL, 0UL), _kernel.Counts(Middle));
    }

    [Fact]
    public void NrHugepages_GrowsAsFarAsMemoryGoes_AndGivesItBack()
    {
        ulong free = _machine.Kernel.Running.Handover.Frames.FreeCount;
        Assert.Equal(3, _kernel.Put(SysFs(GiB, "nr_hugepages"), "100"));
        Assert.Equal(7UL, _kernel.Pool(GiB).Total);
        Assert.Equal(1, _kernel.Put(SysFs(GiB, "nr_hugepages"), "2"));
        Assert.Equal(free, _machine.Kernel.Running.Handover.Frames.FreeCount);
    }

    [Fact]
    public void Mapping_ReservesItsPages_AndIsRefusedWhereThereAreTooFew()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 5 * Middle);
        nint address = _kernel.Map(file, 3 * Middle, 0, Shared);
        Assert.Equal((4UL, 4UL, 3UL, 0UL), _kernel.Counts(Middle));
        Assert.Equal(ENOMEM, _kernel.Map(file, 5 * Middle, 0, Shared));
        Assert.Equal(ENOMEM, _kernel.Map(file, 2 * Middle, 0, Private));
        nint unreserved = _kernel.Map(file, 5 * Middle, 0, Shared | NoReserve);
        Assert.True(unreserved > 0);

        // The reservation is the file's, and stays with it.
        _kernel.Unmap(address, 3 * Middle);
        _kernel.Unmap(unreserved, 5 * Middle);
        Assert.Equal(3UL, _kernel.Pool(Middle).Reserved);
        file.Dispose();
        Assert.Equal((4UL, 4UL, 0UL, 0UL), _kernel.Counts(Middle));
    }

    [Fact]
    public void PrivateMapping_ReservesUntilItIsGone()
    {
        using Descriptor file = _kernel.HugeMemfd(Huge2M, 2 * Middle);
        nint address = _kernel.Map(file, 2 * Middle, 0, Private);
        Assert.Equal(2UL, _kernel.Pool(Middle).Reserved);
        _kernel.Unmap(address, 2 * Middle);
        Assert.Equal(0UL, _kernel.Pool(Middle).Reserved);
    }

    [Fact]
    [Difference("huge-counted-later")]
    public void TouchedPages_AreTakenFromThePool_AndComeBackWithTheLastDescriptor()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 3 * Middle);
        _kernel.Poke(file, Middle + 5, Middle, 1, 2, 3);
        Assert.Equal((4UL, 3UL, 0UL, 0UL), _kernel.Counts(Middle));
        Assert.Equal(Middle / 512, _kernel.Status(file).Blocks);
        nint address = _kernel.Map(file, Middle, Middle, Shared);
        file.Dispose();
        Assert.Equal(3UL, _kernel.Pool(Middle).Free);
        _kernel.Unmap(address, Middle);
        Assert.Equal(4UL, _kernel.Pool(Middle).Free);
    }

    [Fact]
    public void Surplus_ComesWithOvercommit_AndGoesWithTheFile()
    {
        Assert.Equal(1, _kernel.Put(SysFs(Middle, "nr_overcommit_hugepages"), "3"));
        Descriptor file = _kernel.HugeMemfd(Huge2M, 8 * Middle);
        Assert.Equal(ENOSPC, _kernel.FAllocate(file, 0, 0, 8 * Middle));
        Assert.Equal((7UL, 0UL, 0UL, 3UL), _kernel.Counts(Middle));
        nint refused = _kernel.Map(file, 8 * Middle, 0, Shared);
        Assert.Equal(ENOMEM, refused);
        file.Dispose();
        Assert.Equal((4UL, 4UL, 0UL, 0UL), _kernel.Counts(Middle));
    }

    [Fact]
    public void Shrinking_BelowWhatIsUsed_MakesTheRestSurplus()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 3 * Middle);
        Assert.Equal(0, _kernel.FAllocate(file, 0, 0, 3 * Middle));
        Assert.Equal(1, _kernel.Put(SysFs(Middle, "nr_hugepages"), "1"));
        Assert.Equal((3UL, 0UL, 0UL, 2UL), _kernel.Counts(Middle));
        file.Dispose();
        Assert.Equal((1UL, 1UL, 0UL, 0UL), _kernel.Counts(Middle));
    }

    [Fact]
    [Difference("huge-one-cgroup")]
    public void Cgroup_LimitsReservedAndUsedPages()
    {
        Assert.Equal("max\n", _kernel.ReadText("/sys/fs/cgroup/hugetlb.2MB.rsvd.max"));
        Assert.Equal(7, _kernel.Put("/sys/fs/cgroup/hugetlb.2MB.rsvd.max", "5000000"));
        Assert.Equal((ulong)(2 * Middle), _kernel.Number("/sys/fs/cgroup/hugetlb.2MB.rsvd.max"));
        using Descriptor file = _kernel.HugeMemfd(Huge2M, 3 * Middle);
        Assert.Equal(ENOMEM, _kernel.Map(file, 3 * Middle, 0, Shared));
        Assert.Equal(3, _kernel.Put("/sys/fs/cgroup/hugetlb.2MB.rsvd.max", "max"));
        Assert.Equal(2, _kernel.Put("/sys/fs/cgroup/hugetlb.2MB.max", "4M"));
        Assert.Equal(ENOSPC, _kernel.FAllocate(file, 0, 0, 3 * Middle));
        Assert.Equal((ulong)(2 * Middle), _kernel.Number("/sys/fs/cgroup/hugetlb.2MB.current"));
        Assert.Equal(EBUSY, _kernel.Put("/sys/fs/cgroup/hugetlb.2MB.max", "2M"));
        Assert.Equal(EINVAL, _kernel.Put("/sys/fs/cgroup/hugetlb.2MB.max", "many"));
        Assert.Equal(2UL, _kernel.Pool(Middle).Free);
    }
}
