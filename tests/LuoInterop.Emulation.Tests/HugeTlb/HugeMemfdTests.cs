using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Proves what a memory file of huge pages answers (fs/hugetlbfs/inode.c of Linux 7.3).</summary>
public sealed class HugeMemfdTests : IDisposable
{
    private readonly EmulatedMachine _machine = Machine("hugepages=6 hugepagesz=1G hugepages=2");
    private readonly EmulatedProcess _kernel;

    public HugeMemfdTests() => _kernel = _machine.Boot();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Create_ByFlags_GivesTheSizesFile()
    {
        Assert.Equal(ENODEV, _kernel.MemfdCreate("huge", MFD_HUGETLB | (22U << 26)));
        Assert.Equal(EINVAL, _kernel.MemfdCreate("huge", 1U << 26));
        Assert.Equal(EINVAL, _kernel.MemfdCreate(new string('n', 250), Huge2M));
        using Descriptor standard = _kernel.HugeMemfd(MFD_HUGETLB, Middle);
        Assert.Equal(EINVAL, _kernel.FTruncate(standard, Middle + 4096));
        using Descriptor gigantic = _kernel.HugeMemfd(Huge1G, 2 * GiB);
        Assert.Equal(EINVAL, _kernel.FTruncate(gigantic, Middle));
        Assert.Equal("/memfd:huge (deleted)", _kernel.Link(gigantic));
        FileStatus status = _kernel.Status(gigantic);
        Assert.Equal(0x958458F6, status.FileSystemType);
        Assert.Equal(2 * GiB, status.Size);
        Assert.Equal(0, status.Blocks);
        Assert.Equal(0U, status.Links);
    }

    [Theory]
    [InlineData(MFD_CLOEXEC | MFD_HUGETLB, 1)]
    [InlineData(MFD_HUGETLB, 0)]
    public void Create_KeepsCloseOnExec(uint flags, int expected)
    {
        using Descriptor file = _kernel.HugeMemfd(flags, 0);
        Assert.Equal(expected, _kernel.Fcntl(file, F_GETFD));
        Assert.Equal(O_RDWR, _kernel.Fcntl(file, F_GETFL) & 3);
    }

    [Fact]
    public void Size_IsOfWholePages_AndSealsHold()
    {
        using Descriptor file = _kernel.HugeMemfd(Huge2M, 2 * Middle);
        Assert.Equal(EINVAL, _kernel.FTruncate(file, 1));
        Assert.Equal(0, _kernel.Fcntl(file, F_GET_SEALS));
        Assert.Equal(0, _kernel.Fcntl(file, F_ADD_SEALS, SealGrow | SealShrink));
        Assert.Equal(EINVAL, _kernel.FTruncate(file, 1));
        Assert.Equal(EPERM, _kernel.FTruncate(file, 3 * Middle));
        Assert.Equal(EPERM, _kernel.FTruncate(file, Middle));
        Assert.Equal(EPERM, _kernel.FAllocate(file, 0, 0, 3 * Middle));
        Assert.Equal(0, _kernel.FAllocate(file, 0, 0, 2 * Middle));
        using Descriptor unsealable = _kernel.HugeMemfd(MFD_HUGETLB, 0);
        Assert.Equal(SealSeal, _kernel.Fcntl(unsealable, F_GET_SEALS));
        Assert.Equal(EPERM, _kernel.Fcntl(unsealable, F_ADD_SEALS, SealGrow));
    }

    [Fact]
    public void Write_IsEinval_ReadGivesZeros()
    {
        using Descriptor file = _kernel.HugeMemfd(Huge2M, Middle);
        Assert.Equal(EINVAL, _kernel.Write(file, [1]));
        Assert.Equal(EINVAL, _kernel.PWrite(file, [], 0));
        Assert.Equal([0, 0], _kernel.Content(file, 2, Middle - 2));
        using var reader = new Descriptor(_kernel, _kernel.Open($"/proc/self/fd/{file.Fd}", O_RDONLY));
        Assert.Equal(EBADF, _kernel.Write(reader, [1]));
        Assert.Equal(6UL, _kernel.Pool(Middle).Free);
    }

    [Fact]
    public void Fallocate_TakesPages_KeepsOrGrowsTheSize_AndPunches()
    {
        using Descriptor file = _kernel.HugeMemfd(Huge2M, 0);
        Assert.Equal(0, _kernel.FAllocate(file, Keep, 0, 2 * Middle));
        Assert.Equal((6UL, 4UL, 0UL, 0UL), _kernel.Counts(Middle));
        Assert.Equal(0, _kernel.Status(file).Size);
        Assert.Equal(0, _kernel.FAllocate(file, 0, Middle, (2 * Middle) - 5));
        Assert.Equal((3 * Middle) - 5, _kernel.Status(file).Size);
        Assert.Equal(3UL, _kernel.Pool(Middle).Free);

        // Half a page is zeroed in place, a whole one goes.
        _kernel.Poke(file, 5, Middle, 7);
        Assert.Equal(0, _kernel.FAllocate(file, PunchHole, 0, Middle / 2));
        Assert.Equal([0], _kernel.Content(file, 1, 5));
        Assert.Equal(3UL, _kernel.Pool(Middle).Free);
        Assert.Equal(0, _kernel.FAllocate(file, PunchHole, 1, 2 * Middle));
        Assert.Equal(4UL, _kernel.Pool(Middle).Free);
        Assert.Equal(0, _kernel.FTruncate(file, Middle));
        Assert.Equal(5UL, _kernel.Pool(Middle).Free);
        Assert.Equal(EOPNOTSUPP, _kernel.FAllocate(file, 0x10, 0, Middle));
    }

    [Fact]
    public void Fallocate_WithoutFreePages_IsEnospc_AndKeepsWhatItGot()
    {
        using Descriptor file = _kernel.HugeMemfd(Huge1G, 3 * GiB);
        Assert.Equal(ENOSPC, _kernel.FAllocate(file, 0, 0, 3 * GiB));
        Assert.Equal((2UL, 0UL, 0UL, 0UL), _kernel.Counts(GiB));
    }

    [Fact]
    public void Mmap_WantsWholePages_AndMakesTheFileAsLong()
    {
        using Descriptor file = _kernel.HugeMemfd(Huge2M, 0);
        Assert.Equal(EINVAL, _kernel.Map(file, Middle, 4096, Shared));
        nint address = _kernel.Map(file, 4096, Middle, Shared);
        Assert.True(address > 0);
        Assert.Equal(2 * Middle, _kernel.Status(file).Size);
        Assert.Equal(1UL, _kernel.Pool(Middle).Reserved);
        _kernel.Unmap(address, Middle);
    }

    [Fact]
    public void AGiganticFile_CostsTheHostNothingUntilItIsTouched()
    {
        using Descriptor file = _kernel.HugeMemfd(Huge1G, 2 * GiB);
        Assert.Equal(0, _kernel.FAllocate(file, 0, 0, 2 * GiB));
        Assert.Equal(0, Kernel.Linux.FStat(file, out FileStatus host));
        Assert.InRange(host.Blocks, 0, 8192);
        _kernel.Poke(file, GiB, GiB, 1);
        Assert.Equal(0, Kernel.Linux.FStat(file, out host));
        Assert.InRange(host.Blocks, 1, 8192);
    }
}
