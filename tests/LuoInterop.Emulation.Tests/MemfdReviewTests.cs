using LuoInterop.Emulation.Boot;
using LuoInterop.Kho.Abi;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Shows what the review of memfd preservation settled (Message-Id
/// CA+CK2bADcVsRnovkwWftPCbubXoaFrPzSavMU+G9f3XAz3YMLQ@mail.gmail.com).</summary>
public sealed class MemfdReviewTests : IDisposable
{
    private readonly EmulatedMachine _machine = new(new EmulatedMachineOptions { LargestFolioOrder = 0 });

    public void Dispose() => _machine.Dispose();

    [Fact]
    [Trait("Asked", "memfd")]
    public void ContentPositionAndSize_AreKept_NameAndCloseOnExecAreNot()
    {
        (EmulatedProcess kernel, Descriptor session) = Start();
        using Descriptor memory = kernel.MemfdWith("0123456789"u8, MFD_ALLOW_SEALING);
        Assert.Equal(4, kernel.LSeek(memory, 4, SeekOrigin.Begin));
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        Assert.Equal(0, kernel.Fcntl(memory, F_GETFD));

        using Descriptor file = Retrieve(out EmulatedProcess next, out _);
        Assert.Equal(4, next.LSeek(file, 0, SeekOrigin.Current));
        Assert.Equal(10UL, (ulong)next.Status(file).Size);
        Assert.Equal("0123456789"u8, next.Content(file, 10));
        Assert.DoesNotContain("memory", next.Link(file), StringComparison.Ordinal);
        Assert.Equal(1, next.Fcntl(file, F_GETFD));
    }

    [Fact]
    [Trait("Asked", "memfd")]
    public void RecreatedFile_BelongsToTheTaskThatRestoresIt()
    {
        (EmulatedProcess kernel, Descriptor session) = Start();
        using Descriptor memory = kernel.MemfdWith("a"u8);
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        using Descriptor file = Retrieve(out EmulatedProcess next, out _);
        using Descriptor made = next.Memfd();
        Assert.Equal((next.Status(made).UserId, next.Status(made).GroupId), (next.Status(file).UserId, next.Status(file).GroupId));
    }

    [Fact]
    [Trait("Asked", "memfd")]
    public void PreservedFile_CannotGrowOrShrink_AndIsStillReadAndWritten()
    {
        (EmulatedProcess kernel, Descriptor session) = Start();
        using Descriptor memory = kernel.MemfdWith("0123456789"u8);
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        Assert.Equal(EPERM, kernel.FTruncate(memory, 11));
        Assert.Equal(EPERM, kernel.FTruncate(memory, 9));
        Assert.Equal(EPERM, kernel.PWrite(memory, "x"u8, 10));
        Assert.Equal(1, kernel.PWrite(memory, "x"u8, 9));
        Assert.Equal("012345678x"u8, kernel.Content(memory, 10));
    }

    /// <summary>"Use vmalloc to get the buffer to hold the folios. This doesn't have the size limit":
    /// the list spans two chunk pages.</summary>
    [Fact]
    [Trait("Asked", "memfd")]
    public void ListOfFolios_HasNoSizeLimit()
    {
        const long Pages = (511 * 256) + 1;
        (EmulatedProcess kernel, Descriptor session) = Start();
        using Descriptor memory = kernel.Memfd(size: Pages * 4096);
        Assert.Equal(1, kernel.PWrite(memory, "z"u8, (Pages * 4096) - 1));
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        using Descriptor file = Retrieve(out EmulatedProcess next, out _);
        Assert.Equal("z"u8, next.Content(file, 1, (Pages * 4096) - 1));
    }

    /// <summary>"memfd_pin_folios populates holes, this array will be dense."</summary>
    [Fact]
    [Trait("Asked", "memfd")]
    public void HolesAreFilled_SoThatTheListIsDense()
    {
        (EmulatedProcess kernel, Descriptor session) = Start();
        using Descriptor memory = kernel.Memfd(size: 64 * 4096);
        Assert.Equal(1, kernel.PWrite(memory, "a"u8, 32 * 4096));
        Assert.Equal(8UL, (ulong)kernel.Status(memory).Blocks);
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        Assert.Equal(64UL * 8, (ulong)kernel.Status(memory).Blocks);
    }

    /// <summary>"Does not this free the actual folios that were supposed to be preserved? It does, when memfd was not reclaimed."</summary>
    [Fact]
    [Trait("Asked", "memfd")]
    public void Finish_FreesWhatNobodyRetrieved()
    {
        ulong before = Frames(_machine.Boot());
        (EmulatedProcess kernel, Descriptor session) = Start();
        using Descriptor memory = kernel.Memfd(size: 1 << 20);
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        EmulatedProcess next = _machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        ulong held = Frames(next);
        Assert.Equal(0, next.Finish(retrieved));
        Assert.InRange(Frames(next), held + 256, before);
    }

    /// <summary>"Why do we need to kho_restore_folio() twice?": retrieve takes it, and finish only what was not taken.</summary>
    [Fact]
    [Trait("Asked", "memfd")]
    public void FinishAfterRetrieve_LeavesTheFileAlone()
    {
        (EmulatedProcess kernel, Descriptor session) = Start();
        using Descriptor memory = kernel.MemfdWith("content"u8);
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        using Descriptor file = Retrieve(out EmulatedProcess next, out Descriptor retrieved);
        Assert.Equal(0, next.Finish(retrieved));
        Assert.Equal("content"u8, next.Content(file, 7));
        Assert.Equal(0, next.FTruncate(file, 1 << 20));
    }

    /// <summary>"I am actually thinking of removing FDTs and using versioned struct directly": the record is a structure,
    /// its version a string.</summary>
    [Fact]
    [Trait("Asked", "memfd")]
    public void Record_IsAVersionedStructure()
    {
        var ser = new MemfdLuoSer(4, 10, 2, 0, 1, default);
        byte[] bytes = new byte[MemfdLuoSer.Size];
        ser.Write(bytes);
        Assert.Equal(ser, MemfdLuoSer.Read(bytes));
        Assert.Equal("memfd-v2", MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE);
    }

    private (EmulatedProcess Kernel, Descriptor Session) Start()
    {
        EmulatedProcess kernel = _machine.IsRunning ? _machine.Kernel : _machine.Boot();
        return (kernel, kernel.Create(kernel.OpenDevice(), "s"));
    }

    private Descriptor Retrieve(out EmulatedProcess next, out Descriptor session)
    {
        next = _machine.Kexec();
        session = next.RetrieveSession(next.OpenDevice(), "s");
        return next.Retrieve(session, 1);
    }

    private static ulong Frames(EmulatedProcess kernel) => KernelFootprint.Of(kernel.Running).Frames;
}
