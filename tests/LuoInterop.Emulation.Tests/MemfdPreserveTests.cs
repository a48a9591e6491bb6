using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves which files the memfd handler takes, and what that does to them (contract 2.1 to 2.3).</summary>
public sealed class MemfdPreserveTests : IDisposable
{
    private const int KeepSize = 1, PunchHole = 2, ZeroRange = 0x10;

    private readonly EmulatedMachine _machine = new();
    private readonly EmulatedProcess _kernel;
    private readonly Descriptor _session;

    public MemfdPreserveTests()
    {
        _kernel = _machine.Boot();
        _session = _kernel.Create(_kernel.OpenDevice(), "s");
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void UnlinkedTmpfsFiles_AreTaken_LinkedOnesAreNot()
    {
        const int O_CREAT = 0x40;
        using var temporary = new Descriptor(_kernel, _kernel.Open("/dev/shm", LuoInterop.Interop.FcntlHeader.O_TMPFILE | O_RDWR, 0x180));
        Assert.Equal(0, _kernel.FTruncate(temporary, 5000));
        Assert.Equal(0, _kernel.Preserve(_session, temporary.Fd, 1));

        string path = $"/dev/shm/luointerop-{Guid.NewGuid():N}";
        using var named = new Descriptor(_kernel, _kernel.Open(path, O_CREAT | O_RDWR, 0x180));
        try
        {
            Assert.Equal(3, _kernel.Write(named, "abc"u8));
            Assert.Equal(ENOENT, _kernel.Preserve(_session, named.Fd, 2));
            using var readOnly = new Descriptor(_kernel, _kernel.Open(path, O_RDONLY));
            File.Delete(path);
            Assert.Equal(0, _kernel.Preserve(_session, readOnly.Fd, 2));
        }
        finally
        {
            File.Delete(path);
        }

        EmulatedProcess next = _machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(session, 2);
        Assert.Equal("abc"u8, next.Content(file, 3));
        Assert.Equal(O_RDWR, next.Fcntl(file, F_GETFL) & 3);
        Assert.Equal(1, next.PWrite(file, "X"u8, 0));
        Assert.Equal("/ (deleted)", next.Link(file));
        Assert.Equal(SealSeal, next.Fcntl(file, F_GET_SEALS));
    }

    [Fact]
    public void OtherFiles_AreEnoent()
    {
        foreach (string path in (string[])["/dev/null", "/proc/self/exe", "/dev/shm", "/tmp"])
        {
            using var file = new Descriptor(_kernel, _kernel.Open(path, O_RDONLY));
            Assert.Equal(ENOENT, _kernel.Preserve(_session, file.Fd, 1));
        }

        int huge = _kernel.MemfdCreate("huge", MFD_HUGETLB);
        if (huge >= 0)
        {
            using var file = new Descriptor(_kernel, huge);
            Assert.Equal(ENOENT, _kernel.Preserve(_session, file.Fd, 1));
        }

        using Descriptor memory = _kernel.Memfd();
        using var place = new Descriptor(_kernel, _kernel.Open($"/proc/self/fd/{memory.Fd}", O_PATH));
        Assert.Equal(EBADF, _kernel.Preserve(_session, place.Fd, 1));
    }

    [Fact]
    public void Holes_AreFilled_AlsoUnderWriteSealsAndReadOnly()
    {
        foreach (int seals in (int[])[0, SealWrite, SealShrink | SealGrow | SealWrite | SealSeal, SealFutureWrite])
        {
            using Descriptor memory = _kernel.Memfd(size: (1 << 20) + 1);
            Assert.Equal(0, _kernel.Fcntl(memory, F_ADD_SEALS, seals));
            Assert.Equal(0, _kernel.Status(memory).Blocks);
            Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, (ulong)seals));
            Assert.Equal(257 * 8, _kernel.Status(memory).Blocks);
            Assert.Equal((1 << 20) + 1, _kernel.Status(memory).Size);
            Assert.Equal(seals, _kernel.Fcntl(memory, F_GET_SEALS));
        }

        using Descriptor source = _kernel.Memfd(size: 8192);
        using var readOnly = new Descriptor(_kernel, _kernel.Open($"/proc/self/fd/{source.Fd}", O_RDONLY));
        Assert.Equal(0, _kernel.Preserve(_session, readOnly.Fd, 99));
        Assert.Equal(16, _kernel.Status(source).Blocks);
    }

    [Fact]
    public void HugeSizes_AreEnomemFrom1TiB_AndEfbigPastUIntMaxPages()
    {
        using Descriptor memory = _kernel.Memfd(size: 1L << 40);
        Assert.Equal(ENOMEM, _kernel.Preserve(_session, memory.Fd, 1));
        Assert.Equal(0, _kernel.Status(memory).Blocks);
        Assert.Equal(0, _kernel.FTruncate(memory, (1L << 44) - 4096 + 1));
        Assert.Equal(EFBIG, _kernel.Preserve(_session, memory.Fd, 1));
        Assert.Equal(0, _kernel.FTruncate(memory, 4096));
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 1));
    }

    [Fact]
    public void MachineOutOfMemory_IsEnomem_AndRollsBack()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { MemorySize = 256 << 20 });
        EmulatedProcess kernel = machine.Boot();
        using Descriptor device = kernel.OpenDevice();
        using Descriptor session = kernel.Create(device, "s");
        using Descriptor memory = kernel.Memfd(size: 200 << 20);
        Assert.Equal(ENOMEM, kernel.Preserve(session, memory.Fd, 1));
        Assert.Empty(kernel.Running.Handover.Memory.Folios);
        Assert.Equal(0, kernel.FTruncate(memory, 20 << 20));
        for (int i = 0; i < 20; i++)
        {
            using Descriptor again = kernel.Create(device, "again");
            Assert.Equal(0, kernel.Preserve(again, memory.Fd, 1));
        }
    }

    [Fact]
    public void ZeroSizeFile_IsCarried()
    {
        using Descriptor memory = _kernel.Memfd();
        Assert.Equal(9, _kernel.LSeek(memory, 9, SeekOrigin.Begin));
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 1));
        Assert.Equal(0, _kernel.Fcntl(memory, F_ADD_SEALS, SealWrite));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(session, 1);
        Assert.Equal(0, next.Status(file).Size);
        Assert.Equal(9, next.LSeek(file, 0, SeekOrigin.Current));
        Assert.Equal(0, next.Fcntl(file, F_GET_SEALS));
        Assert.Equal("/ (deleted)", next.Link(file));
        Assert.Equal(4, next.PWrite(file, "grow"u8, 0));
    }

    [Fact]
    public void FrozenFile_KeepsItsSize_AndTakesWritesInsideIt()
    {
        using Descriptor memory = _kernel.Memfd(size: 8192);
        using var append = new Descriptor(_kernel, _kernel.Open($"/proc/self/fd/{memory.Fd}", O_RDWR | O_APPEND));
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 1));
        foreach (long size in (long[])[0, 4096, 8191, 8193, 1 << 20])
        {
            Assert.Equal(EPERM, _kernel.FTruncate(memory, size));
        }

        Assert.Equal(0, _kernel.FTruncate(memory, 8192));
        Assert.Equal(EINVAL, _kernel.FTruncate(memory, -1));
        Assert.Equal(EPERM, _kernel.Open($"/proc/self/fd/{memory.Fd}", O_RDWR | O_TRUNC));
        byte[] page = new byte[4096];
        Assert.Equal(4096, _kernel.PWrite(memory, page, 4096));
        Assert.Equal(EPERM, _kernel.PWrite(memory, page, 8192));
        Assert.Equal(EPERM, _kernel.PWrite(memory, page, 5000));
        Assert.Equal(EPERM, _kernel.Write(append, page));
        Assert.Equal(0, _kernel.PWrite(memory, [], 9000));
        Assert.Equal(8191, _kernel.LSeek(memory, 8191, SeekOrigin.Begin));
        Assert.Equal(EPERM, _kernel.Write(memory, page.AsSpan(0, 2)));
        Assert.Equal(1, _kernel.Write(memory, page.AsSpan(0, 1)));
        Assert.Equal(EPERM, _kernel.Write(memory, page.AsSpan(0, 1)));
        Assert.Equal(0, _kernel.FChmod(memory, 0x180));
        Assert.Equal(4096, _kernel.PRead(memory, page, 4096));
    }

    [Fact]
    public void WriteAcrossTheEnd_IsDoneAsFarAsItsChunksFit()
    {
        foreach ((int order, int chunk) in (ReadOnlySpan<(int, int)>)[(18, 2 << 20), (9, 2 << 20), (4, 64 << 10), (0, 4096)])
        {
            using var machine = new EmulatedMachine(new EmulatedMachineOptions { LargestFolioOrder = order });
            EmulatedProcess kernel = machine.Boot();
            using Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
            using Descriptor memory = kernel.Memfd(size: chunk + 100);
            Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
            byte[] bytes = new byte[2 * chunk];
            Assert.Equal(chunk, kernel.PWrite(memory, bytes, 0));
            Assert.Equal(chunk - 10, kernel.PWrite(memory, bytes, 10));
            Assert.Equal(EPERM, kernel.PWrite(memory, bytes, chunk));
            Assert.Equal(100, kernel.PWrite(memory, bytes.AsSpan(0, 100), chunk));
        }
    }

    [Fact]
    public void FrozenFile_RefusesFallocate_AfterTheChecksOfTheVfs()
    {
        using Descriptor memory = _kernel.Memfd(size: 8192);
        using var readOnly = new Descriptor(_kernel, _kernel.Open($"/proc/self/fd/{memory.Fd}", O_RDONLY));
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 1));
        Assert.Equal(EPERM, _kernel.FAllocate(memory, 0, 0, 4096));
        Assert.Equal(EPERM, _kernel.FAllocate(memory, KeepSize, 0, 1 << 20));
        Assert.Equal(EPERM, _kernel.FAllocate(memory, KeepSize | PunchHole, 0, 4096));
        Assert.Equal(EINVAL, _kernel.FAllocate(memory, 0, 0, 0));
        Assert.Equal(EINVAL, _kernel.FAllocate(memory, 0, -1, 1));
        Assert.Equal(EOPNOTSUPP, _kernel.FAllocate(memory, PunchHole, 0, 4096));
        Assert.Equal(EOPNOTSUPP, _kernel.FAllocate(memory, ZeroRange, 0, 4096));
        Assert.Equal(EBADF, _kernel.FAllocate(readOnly, 0, 0, 4096));
        Assert.Equal(EFBIG, _kernel.FAllocate(memory, 0, long.MaxValue, long.MaxValue));

        nint address = _kernel.MMap(8192, 3, 1, memory, 0);
        Assert.Equal(EPERM, _kernel.MAdvise(address, 4096, 9));
        Assert.Equal(0, _kernel.MAdvise(address, 4096, 14 + 1));
        _session.Dispose();
        Assert.Equal(0, _kernel.MAdvise(address, 4096, 9));
        Assert.Equal(0, _kernel.MUnmap(address, 8192));
    }

    [Fact]
    [Difference("write-seal-at-once")]
    public void FrozenFile_TakesAllSealsButWrite_AndTheyAreNotCarried()
    {
        using Descriptor memory = _kernel.Memfd(size: 8192, flags: MFD_ALLOW_SEALING | MFD_EXEC);
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 1));
        Assert.Equal(EBUSY, _kernel.Fcntl(memory, F_ADD_SEALS, SealWrite));
        Assert.Equal(EBUSY, _kernel.Fcntl(memory, F_ADD_SEALS, SealExec));
        Assert.Equal(EINVAL, _kernel.Fcntl(memory, F_ADD_SEALS, 64));
        Assert.Equal(0, _kernel.FChmod(memory, 0x1B6));
        Assert.Equal(0, _kernel.Fcntl(memory, F_ADD_SEALS, SealExec));
        Assert.Equal(0, _kernel.Fcntl(memory, F_ADD_SEALS, SealShrink | SealGrow | SealFutureWrite));
        Assert.Equal(0, _kernel.Fcntl(memory, F_ADD_SEALS, SealSeal));
        Assert.Equal(EPERM, _kernel.Fcntl(memory, F_ADD_SEALS, SealWrite));
        Assert.Equal(0x37, _kernel.Fcntl(memory, F_GET_SEALS));

        EmulatedProcess next = _machine.Kexec();
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(session, 1);
        Assert.Equal(0, next.Fcntl(file, F_GET_SEALS));
        Assert.Equal(1, next.PWrite(file, [1], 8192));
        Assert.Equal(0, next.FTruncate(file, 0));
        Assert.Equal(0, next.FChmod(file, 0x180));
    }

    [Fact]
    public void Freeze_OutlivesTheUsersDescriptors_AndEndsWithTheSession()
    {
        Descriptor memory = _kernel.Memfd(size: 8192);
        using var copy = new Descriptor(_kernel, _kernel.Open($"/proc/self/fd/{memory.Fd}", O_RDWR));
        Assert.Equal(0, _kernel.Preserve(_session, memory.Fd, 1));
        memory.Dispose();
        Assert.Equal(EPERM, _kernel.FTruncate(copy, 0));
        _session.Dispose();
        Assert.Equal(16, _kernel.Status(copy).Blocks);
        Assert.Equal(0, _kernel.FTruncate(copy, 0));
        Assert.True(_kernel.Running.Inodes.IsEmpty);
    }

    [Theory]
    [InlineData(0, MFD_ALLOW_SEALING, 0, 0x1FFu)]
    [InlineData(1, MFD_ALLOW_SEALING, SealExec, 0x1B6u)]
    [InlineData(2, MFD_ALLOW_SEALING, SealExec, 0x1B6u)]
    [InlineData(2, MFD_EXEC, EACCES, 0u)]
    [InlineData(2, MFD_NOEXEC_SEAL, SealExec, 0x1B6u)]
    [InlineData(1, MFD_EXEC | MFD_ALLOW_SEALING, 0, 0x1FFu)]
    [InlineData(0, MFD_EXEC | MFD_NOEXEC_SEAL, EINVAL, 0u)]
    [InlineData(0, 0x20u, EINVAL, 0u)]
    public void MemfdNoExec_DecidesOnNewFiles(int noExec, uint flags, int seals, uint mode)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { MemfdNoExec = noExec });
        EmulatedProcess kernel = machine.Boot();
        int fd = kernel.MemfdCreate("m", flags);
        if (seals < 0)
        {
            Assert.Equal(seals, fd);
            return;
        }

        using var memory = new Descriptor(kernel, fd);
        Assert.Equal(seals, kernel.Fcntl(memory, F_GET_SEALS));
        Assert.Equal(mode, kernel.Status(memory).Mode & 0xfff);
    }
}
