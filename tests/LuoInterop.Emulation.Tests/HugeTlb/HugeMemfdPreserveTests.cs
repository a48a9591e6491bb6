using static LuoInterop.Emulation.Tests.HugeTlb.Huge;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.HugeTlb;

/// <summary>Proves what preserved and retrieved memory files of huge pages are like (the posting's ninth and tenth patch).</summary>
public sealed class HugeMemfdPreserveTests : IDisposable
{
    private const string Words = "hugepages=8 hugepagesz=1G hugepages=2";

    private readonly EmulatedMachine _machine = Machine(Words);
    private readonly EmulatedProcess _kernel;
    private readonly Descriptor _session;

    public HugeMemfdPreserveTests()
    {
        _kernel = _machine.Boot();
        _session = _kernel.Create(_kernel.OpenDevice(), "vm");
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Preserved_CannotChangeItsSizeOrHoles_ButItsBytesAndSeals()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 2 * Middle);
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        Assert.Equal((8UL, 6UL, 0UL, 0UL), _kernel.Counts(Middle));
        Assert.Equal(EPERM, _kernel.FTruncate(file, Middle));
        Assert.Equal(EPERM, _kernel.FTruncate(file, 3 * Middle));
        Assert.Equal(0, _kernel.FTruncate(file, 2 * Middle));
        Assert.Equal(EPERM, _kernel.FAllocate(file, 0, 0, Middle));
        Assert.Equal(EPERM, _kernel.FAllocate(file, Keep, 0, Middle));
        Assert.Equal(EPERM, _kernel.FAllocate(file, PunchHole, 0, Middle));
        Assert.Equal(0, _kernel.Fcntl(file, F_ADD_SEALS, SealGrow));
        Assert.Equal(EBUSY, _kernel.Fcntl(file, F_ADD_SEALS, SealWrite));
        _kernel.Poke(file, Middle + 1, Middle, 42);
        (EmulatedProcess next, Descriptor back) = Next();
        Assert.Equal([42], next.Content(back, 1, Middle + 1));
    }

    [Fact]
    public void Retrieved_HasPositionSizeAndContent_NoSealsButSeal_AndNoName()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 2 * Middle);
        _kernel.Poke(file, 100, Middle, 1, 2);
        Assert.Equal(0, _kernel.Fcntl(file, F_ADD_SEALS, SealShrink | SealGrow));
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        Assert.Equal(99, _kernel.LSeek(file, 99, SeekOrigin.Begin));
        (EmulatedProcess next, Descriptor back) = Next();
        byte[] bytes = new byte[4];
        Assert.Equal(4, next.Read(back, bytes));
        Assert.Equal([0, 1, 2, 0], bytes);
        Assert.Equal(SealSeal, next.Fcntl(back, F_GET_SEALS));
        Assert.Equal(EPERM, next.Fcntl(back, F_ADD_SEALS, SealGrow));
        Assert.Equal("/ (deleted)", next.Link(back));
        Assert.Equal(1, next.Fcntl(back, F_GETFD));
        FileStatus status = next.Status(back);
        Assert.Equal(0x81FFu, status.Mode);
        Assert.Equal(2 * Middle, status.Size);
        Assert.Equal(2 * Middle / 512, status.Blocks);

        // The old file's seals do not hold for the new one.
        Assert.Equal(0, next.FTruncate(back, Middle));
        Assert.Equal(EINVAL, next.PWrite(back, [1], 0));
    }

    [Fact]
    public void Holes_AreFilledFromThePool_AndReadAsZeros()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 8 * Middle);
        _kernel.Poke(file, 7 * Middle, Middle, 9);
        Assert.Equal(7UL, _kernel.Pool(Middle).Free);
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        Assert.Equal(0UL, _kernel.Pool(Middle).Free);
        (EmulatedProcess next, Descriptor back) = Next();
        Assert.Equal((8UL, 0UL, 0UL, 0UL), next.Counts(Middle));
        Assert.Equal(0, next.Content(back, 4096, 3 * Middle).Max());
        Assert.Equal([9], next.Content(back, 1, 7 * Middle));
    }

    [Fact]
    public void Preserve_WithoutPagesForTheHoles_IsEnomem_AndLeavesTheFileThawed()
    {
        Descriptor file = _kernel.HugeMemfd(Huge1G, 3 * GiB);
        Assert.Equal(ENOMEM, _kernel.Preserve(_session, file.Fd, 1));
        Assert.Equal(0, _kernel.FTruncate(file, 2 * GiB));

        // What was filled by then stays.
        Assert.Equal((2UL, 0UL, 0UL, 0UL), _kernel.Counts(GiB));
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        Assert.Equal(2UL, _machine.Jump(Words).Pool(GiB).FromLiveUpdate);
    }

    [Fact]
    public void SizeOfNoWholePages_LosesTheRest_AsThePostingHasIt()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 0);
        Assert.Equal(0, _kernel.FAllocate(file, 0, 0, 5));
        Assert.Equal(EINVAL, _kernel.Preserve(_session, file.Fd, 1));
        Assert.Equal(0, _kernel.FAllocate(file, 0, 0, Middle + 5));
        _kernel.Poke(file, Middle, Middle, 7);
        Assert.Equal(0, _kernel.FTruncate(file, 0));
        Assert.Equal(0, _kernel.FAllocate(file, 0, 0, Middle + 5));
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        (EmulatedProcess next, Descriptor back) = Next();
        Assert.Equal(Middle + 5, next.Status(back).Size);
        Assert.Equal(Middle / 512, next.Status(back).Blocks);
    }

    [Fact]
    public void MappingPastTheEnd_MakesAPreservedFileLonger_AndTheNextKernelDoesNotSeeIt()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, Middle);
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        _kernel.Unmap(_kernel.Map(file, 2 * Middle), 2 * Middle);
        Assert.Equal(2 * Middle, _kernel.Status(file).Size);
        (EmulatedProcess next, Descriptor back) = Next();
        Assert.Equal(Middle, next.Status(back).Size);
        Assert.Equal((8UL, 7UL, 0UL, 0UL), next.Counts(Middle));
    }

    [Fact]
    public void EmptyFile_IsCarried()
    {
        Descriptor file = _kernel.HugeMemfd(Huge1G, 0);
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        (EmulatedProcess next, Descriptor back) = Next();
        Assert.Equal(0, next.Status(back).Size);
        Assert.Equal(0, next.FTruncate(back, GiB));
        Assert.Equal(EINVAL, next.FTruncate(back, Middle));
    }

    [Fact]
    public void FilesThatNobodyPreserves_AreLost_AndTheirPagesFree()
    {
        Descriptor kept = _kernel.HugeMemfd(Huge2M, Middle);
        Descriptor lost = _kernel.HugeMemfd(Huge2M, 5 * Middle);
        Assert.Equal(0, _kernel.FAllocate(lost, 0, 0, 5 * Middle));
        Assert.Equal(0, _kernel.Preserve(_session, kept.Fd, 1));
        Assert.Equal((8UL, 7UL, 0UL, 0UL), Next().Kernel.Counts(Middle));
    }

    [Theory]
    [InlineData("count")]
    [InlineData("pool")]
    [InlineData("none")]
    public void ManyKexecs_KeepContentAndCounts(string fix)
    {
        string words = $"hugepages=8 hugepagesz=1G hugepages=2 hugetlb_luo={fix}";
        using EmulatedMachine machine = Machine(words);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.Create(device, "0");
        Descriptor file = kernel.HugeMemfd(Huge2M, 3 * Middle);
        _ = kernel.Preserve(session, kernel.Memfd(size: 5000).Fd, 9);
        byte[] written = [1, 2, 3, 4, 5];
        for (int i = 0; i < written.Length; i++)
        {
            kernel.Poke(file, Middle + i, Middle, written[i]);
            Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
            kernel = machine.Jump(words);
            file.Dispose();
            session.Dispose();
            device = kernel.OpenDevice();
            using Descriptor retrieved = kernel.RetrieveSession(device, $"{i}");
            file = kernel.Retrieve(retrieved, 1);
            Assert.Equal(written[..(i + 1)], kernel.Content(file, i + 1, Middle));
            Assert.Equal(EBUSY, kernel.Preserve(session = kernel.Create(device, "x"), file.Fd, 1));
            session.Dispose();
            Assert.Equal(0, kernel.Finish(retrieved));
            session = kernel.Create(device, $"{i + 1}");
            ulong total = fix == "none" ? 11UL : 8UL;
            Assert.Equal((total, total - 3, 0UL, 0UL), kernel.Counts(Middle));
        }
    }

    [Fact]
    public void HostCallsPastTheSeam_AreReportedAtTheKexec()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, Middle);
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 5));
        Assert.Equal(0, Kernel.Linux.FTruncate(file, 3 * Middle));
        Assert.Equal(0, _kernel.Load(Release, Live + Words));
        EmulatedFrozenFileException refused = Assert.Throws<EmulatedFrozenFileException>(() => _kernel.Reboot(KexecCommand));
        EmulatedFrozenFileChange change = Assert.Single(refused.Changes);
        Assert.Equal((5UL, Errno.EPERM), (change.Token, change.Errno));
        Assert.Equal(0, Kernel.Linux.FTruncate(file, Middle));
        Assert.Throws<EmulatedKexecException>(() => _kernel.Reboot(KexecCommand));
    }

    [Fact]
    public void PoisonedPage_IsEioInTheRetrievedFile()
    {
        Descriptor file = _kernel.HugeMemfd(Huge2M, 2 * Middle);
        _kernel.Poke(file, 0, Middle, 3);
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        _machine.Faults.DamageFolio(FolioDamage.HardwarePoisoned, 1, Middle + 4096);
        (EmulatedProcess next, Descriptor back) = Next();
        Assert.Equal([3], next.Content(back, 1));
        Assert.Equal(EIO, next.PRead(back, new byte[1], Middle));
        Assert.Equal((8UL, 6UL, 0UL, 0UL), next.Counts(Middle));
    }

    [Fact]
    public void PlainMemfds_AreCarriedBesides()
    {
        Assert.Equal(0, _kernel.Preserve(_session, _kernel.MemfdWith([1, 2, 3]).Fd, 7));
        Assert.Equal(0, _kernel.Preserve(_session, _kernel.HugeMemfd(Huge2M, Middle).Fd, 1));
        EmulatedProcess next = _machine.Jump(Words);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        Assert.Equal([1, 2, 3], next.Content(next.Retrieve(session, 7), 3));
        Assert.Equal(Middle, next.Status(next.Retrieve(session, 1)).Size);
    }

    [Fact]
    [Difference("huge-host-pool")]
    public void OnAHostWithHugePages_TheFileIsARealOne()
    {
        const string Free = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
        bool isReal = File.Exists(Free) && File.ReadAllText(Free).Trim() != "0";
        Descriptor file = _kernel.HugeMemfd(Huge2M, Middle);
        Assert.Equal(0, Kernel.Linux.FStat(file, out FileStatus host));
        Assert.Equal(isReal ? 0x958458F6 : 0x01021994, host.FileSystemType);
        _kernel.Poke(file, 5, Middle, 5);
        Assert.Equal(0, _kernel.Preserve(_session, file.Fd, 1));
        (EmulatedProcess next, Descriptor back) = Next();
        Assert.Equal(0, Kernel.Linux.FStat(back, out host));
        Assert.Equal(isReal ? 0x958458F6 : 0x01021994, host.FileSystemType);
        Assert.Equal([5], next.Content(back, 1, 5));
    }

    private (EmulatedProcess Kernel, Descriptor File) Next()
    {
        EmulatedProcess next = _machine.Jump(Words);
        Descriptor session = next.RetrieveSession(next.OpenDevice(), "vm");
        return (next, next.Retrieve(session, 1));
    }
}
