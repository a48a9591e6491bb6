using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves that reboot(KEXEC) reports what was done to preserved files past the emulated kernel (contract 2.3).</summary>
public sealed class FrozenFileTests : IDisposable
{
    private const int KeepSize = 1, PunchHole = 2;

    private readonly EmulatedMachine _machine = new();
    private readonly EmulatedProcess _kernel;
    private readonly Descriptor _device;

    public FrozenFileTests()
    {
        _kernel = _machine.Boot();
        _device = _kernel.OpenDevice();
        Assert.Equal(0, _kernel.Load());
    }

    public void Dispose()
    {
        _device.Dispose();
        _machine.Dispose();
    }

    [Theory]
    [InlineData(4096, "its size is 4096 bytes, it was 8192", "ftruncate(2) and open(2) with O_TRUNC")]
    [InlineData(8191, "its size is 8191 bytes, it was 8192", "ftruncate(2) and open(2) with O_TRUNC")]
    [InlineData(0, "its size is 0 bytes, it was 8192", "ftruncate(2) and open(2) with O_TRUNC")]
    [InlineData(8193, "its size is 8193 bytes, it was 8192", "ftruncate(2) and writes past the end")]
    [InlineData(1L << 40, "its size is 1099511627776 bytes, it was 8192", "ftruncate(2) and writes past the end")]
    [Difference("calls-past-the-seam")]
    public void Truncate_IsReported(long size, string seen, string operation)
    {
        using Descriptor memory = Preserved("s", 8192);
        BehindTheKernel.Truncate(memory, size);
        Assert.Equal(new("s", 1, "/memfd:memory (deleted)", seen, operation, Errno.EPERM), Assert.Single(Refused()));
    }

    [Fact]
    public void WritePastTheEnd_AndOpenTruncating_AreReported()
    {
        using Descriptor grown = Preserved("grown", 100);
        BehindTheKernel.Write(grown, "x"u8, 100);
        using Descriptor emptied = Preserved("emptied", 100);
        BehindTheKernel.OpenTruncating(emptied);
        Assert.Equal(
            ["its size is 101 bytes, it was 100", "its size is 0 bytes, it was 100"], Refused().Select(static change => change.Seen));
    }

    [Fact]
    public void PunchedHole_AndRemovedPages_AreReported()
    {
        using Descriptor punched = Preserved("punched", (4 << 20) + 1);
        BehindTheKernel.Allocate(punched, KeepSize | PunchHole, 2 << 20, 4096);
        using Descriptor removed = Preserved("removed", 8192);
        nint address = _kernel.MMap(8192, 3, 1, removed, 0);
        BehindTheKernel.Remove(address, 4096);
        Assert.Equal(0, _kernel.MUnmap(address, 8192));
        const string Operation = "fallocate(2) with FALLOC_FL_PUNCH_HOLE and madvise(2) with MADV_REMOVE";
        Assert.Equal(
            [
                new("punched", 1, "/memfd:memory (deleted)", "it has holes, 8192 of 8200 blocks are left", Operation, Errno.EPERM),
                new("removed", 1, "/memfd:memory (deleted)", "it has holes, 8 of 16 blocks are left", Operation, Errno.EPERM),
            ],
            Refused());
    }

    [Fact]
    public void PagesPastTheEnd_AreReported_UnlessTheyWereThereBefore()
    {
        using Descriptor before = _kernel.Memfd("before", 4096);
        Assert.Equal(0, _kernel.FAllocate(before, KeepSize, 0, 65536));
        using Descriptor session = _kernel.Create(_device, "s");
        Assert.Equal(0, _kernel.Preserve(session, before.Fd, 1));
        using Descriptor memory = _kernel.Memfd(size: 5000);
        Assert.Equal(0, _kernel.Preserve(session, memory.Fd, 2));
        using Descriptor empty = _kernel.Memfd("empty");
        Assert.Equal(0, _kernel.Preserve(session, empty.Fd, 3));
        BehindTheKernel.Allocate(memory, KeepSize, 8192, 4096);
        BehindTheKernel.Allocate(empty, KeepSize, 0, 4096);
        Assert.Equal(
            [
                new("s", 2, "/memfd:memory (deleted)", "it has 24 blocks, it had 16", "fallocate(2)", Errno.EPERM),
                new("s", 3, "/memfd:empty (deleted)", "it has 8 blocks, it had 0", "fallocate(2)", Errno.EPERM),
            ],
            Refused());
    }

    [Fact]
    public void WriteSeal_IsReported_AlsoWhenTheExecSealImpliesIt_ButNotOnAnEmptyFile()
    {
        using Descriptor written = Preserved("write", 4096);
        BehindTheKernel.Seal(written, SealWrite);
        using Descriptor executable = Preserved("exec", 4096);
        BehindTheKernel.Seal(executable, SealExec);
        using Descriptor empty = Preserved("empty", 0);
        BehindTheKernel.Seal(empty, SealWrite);
        using Descriptor legal = Preserved("legal", 4096);
        BehindTheKernel.Seal(legal, SealShrink | SealGrow | SealFutureWrite | SealSeal);
        Assert.Equal(
            [
                new(
                    "write",
                    1,
                    "/memfd:memory (deleted)",
                    "its seals are 0x8, F_SEAL_WRITE is new",
                    "fcntl(2) with F_ADD_SEALS of F_SEAL_WRITE",
                    Errno.EBUSY),
                new(
                    "exec",
                    1,
                    "/memfd:memory (deleted)",
                    "its seals are 0x3e, F_SEAL_WRITE is new",
                    "fcntl(2) with F_ADD_SEALS of F_SEAL_WRITE, and of F_SEAL_EXEC while the file has execute bits,",
                    Errno.EBUSY),
            ],
            Refused());
    }

    [Fact]
    public void EveryChangeIsReported_InTheOrderOfTheFreeze_AndTheMessageNamesAll()
    {
        using Descriptor first = _kernel.Create(_device, "first");
        using Descriptor second = _kernel.Create(_device, "second");
        Descriptor[] files = [.. Enumerable.Range(0, 70).Select(i => _kernel.Memfd($"m{i}", 4096))];
        for (int i = 0; i < files.Length; i++)
        {
            Assert.Equal(0, _kernel.Preserve(i % 2 == 0 ? first : second, files[i].Fd, (ulong)i));
        }

        BehindTheKernel.Truncate(files[69], 1);
        BehindTheKernel.Seal(files[69], SealWrite);
        BehindTheKernel.Truncate(files[3], 2);
        BehindTheKernel.Truncate(files[68], 3);
        EmulatedFrozenFileException error = Assert.Throws<EmulatedFrozenFileException>(() => _kernel.Reboot(KexecCommand));
        Assert.Equal(
            [("first", 68UL), ("second", 3UL), ("second", 69UL), ("second", 69UL)],
            error.Changes.Select(static change => (change.Session, change.Token)));
        Assert.Equal("/memfd:m3 (deleted)", error.Changes[1].LinkText);
        Assert.All(error.Changes, change => Assert.Contains(change.ToString(), error.Message, StringComparison.Ordinal));
        Assert.Equal(
            "Session \"second\", token 3, /memfd:m3 (deleted): its size is 2 bytes, it was 4096; Linux answers ftruncate(2) and "
            + "open(2) with O_TRUNC with EPERM.",
            error.Changes[1].ToString());
    }

    [Fact]
    public void Refused_TheKernelRunsOn_AndHandsOverOnceTheFilesAreMended()
    {
        using Descriptor memory = Preserved("s", 8192, out Descriptor session);
        Assert.Equal(4, _kernel.PWrite(memory, "text"u8, 4000));
        BehindTheKernel.Truncate(memory, 4096);
        Assert.Single(Refused());
        Assert.False(_kernel.HasEnded);
        Assert.Equal(0UL, BitConverter.ToUInt64(_kernel.ReadFile("/sys/kernel/debug/kho/out/sub_fdts/LUO"), 16));
        Assert.Equal(EEXIST, _kernel.TryCreate(_device, "s", out _));
        using Descriptor more = _kernel.Memfd(size: 1);
        Assert.Equal(0, _kernel.Preserve(session, more.Fd, 2));

        // The size is as it was, and the second page is a hole now.
        BehindTheKernel.Truncate(memory, 8192);
        Assert.StartsWith("it has holes", Assert.Single(Refused()).Seen, StringComparison.Ordinal);
        BehindTheKernel.Allocate(memory, KeepSize, 0, 8192);
        Assert.Throws<EmulatedKexecException>(() => _kernel.Reboot(KexecCommand));
        EmulatedProcess next = _machine.Boot();
        using Descriptor device = next.OpenDevice();
        using Descriptor retrieved = next.RetrieveSession(device, "s");
        using Descriptor file = next.Retrieve(retrieved, 1);
        Assert.Equal("text"u8, next.Content(file, 4, 4000));
        Assert.Equal(8192, next.Status(file).Size);
    }

    [Fact]
    public void ClosedSession_IsNotLookedAt_NorIsARetrievedFile()
    {
        using Descriptor closed = Preserved("closed", 8192, out Descriptor session);
        BehindTheKernel.Truncate(closed, 0);
        session.Dispose();
        using Descriptor carried = Preserved("carried", 8192);
        Assert.Throws<EmulatedKexecException>(() => _kernel.Reboot(KexecCommand));
        EmulatedProcess next = _machine.Boot();
        using Descriptor device = next.OpenDevice();
        using Descriptor retrieved = next.RetrieveSession(device, "carried");
        using Descriptor file = next.Retrieve(retrieved, 1);
        BehindTheKernel.Truncate(file, 0);
        Assert.Equal(0, next.Load());
        Assert.Throws<EmulatedKexecException>(() => next.Reboot(KexecCommand));
    }

    [Fact]
    public void FileOfThePreviousKernel_PreservedAgain_IsLookedAt_UnderItsNewLinkText()
    {
        using Descriptor memory = Preserved("s", 8192);
        Assert.Throws<EmulatedKexecException>(() => _kernel.Reboot(KexecCommand));
        EmulatedProcess next = _machine.Boot();
        using Descriptor device = next.OpenDevice();
        Descriptor retrieved = next.RetrieveSession(device, "s");
        using Descriptor file = next.Retrieve(retrieved, 1);
        retrieved.Dispose();
        using Descriptor again = next.Create(device, "again");
        Assert.Equal(0, next.Preserve(again, file.Fd, 7));
        BehindTheKernel.Truncate(file, 1);
        Assert.Equal(0, next.Load());
        EmulatedFrozenFileException error = Assert.Throws<EmulatedFrozenFileException>(() => next.Reboot(KexecCommand));
        Assert.Equal(
            ("again", 7UL, "/ (deleted)"),
            Assert.Single(error.Changes) is var change ? (change.Session, change.Token, change.LinkText) : default);
    }

    [Fact]
    public void LegalCalls_PastTheKernel_AreNotReported()
    {
        using Descriptor memory = Preserved("s", 8192);
        BehindTheKernel.Write(memory, "inside"u8, 4093);
        BehindTheKernel.Truncate(memory, 8192);
        BehindTheKernel.Seal(memory, SealGrow);
        Assert.Throws<EmulatedKexecException>(() => _kernel.Reboot(KexecCommand));
    }

    [Fact]
    public void Run_FailsLoudly_AndLeavesTheKernelRunning()
    {
        using var machine = new EmulatedMachine();
        Assert.Throws<EmulatedFrozenFileException>(() => machine.Run(static kernel =>
        {
            using Descriptor device = kernel.OpenDevice();
            using Descriptor session = kernel.Create(device, "s");
            using Descriptor memory = kernel.Memfd(size: 4096);
            Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
            BehindTheKernel.Truncate(memory, 0);
            Assert.Equal(0, kernel.Load());
            return kernel.Reboot(KexecCommand);
        }));
        Assert.True(machine.IsRunning);
    }

    private IReadOnlyList<EmulatedFrozenFileChange> Refused() =>
        Assert.Throws<EmulatedFrozenFileException>(() => _kernel.Reboot(KexecCommand)).Changes;

    private Descriptor Preserved(string name, long size) => Preserved(name, size, out _);

    private Descriptor Preserved(string name, long size, out Descriptor session)
    {
        session = _kernel.Create(_device, name);
        Descriptor memory = _kernel.Memfd(size: size, flags: MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
        Assert.Equal(0, _kernel.Preserve(session, memory.Fd, 1));
        return memory;
    }
}
