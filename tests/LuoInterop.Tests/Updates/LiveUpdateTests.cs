using LuoInterop.Emulation;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Updates;

/// <summary>Proves that an update brings names, memory and states over, and that a refusal or an early end loses nothing.</summary>
public sealed class LiveUpdateTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly LeakLog _log = new();

    private string Name => _log.Prefix + "update";

    public void Dispose()
    {
        _log.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void Open_FirstBoot_IsNotResumedAndHasNothing()
    {
        using LiveUpdate update = Open();
        Assert.False(update.Resumed);
        Assert.Null(update.Incoming);
        Assert.Equal(0, update.KexecsCount);
        Assert.False(update.Contains("ram"));
        Assert.Contains(
            "Look at Resumed",
            Assert.Throws<InvalidOperationException>(() => update.RetrieveMemfd("ram")).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => update.RetrieveBytes("state"));
        Assert.Throws<InvalidOperationException>(update.Finish);
        Assert.Contains(
            "preserves nothing",
            Assert.Throws<InvalidOperationException>(() => update.Handover(_machine.Load())).Message,
            StringComparison.Ordinal);
        update.Dispose();
        Assert.Empty(_log.All);
        Assert.Equal(0, _machine.Kernel.OpenSessions);
    }

    /// <summary>Three updates in a row: the same memory is preserved again each time, and the count goes on.</summary>
    [Fact]
    public void Handover_AgainAndAgain_BringsMemoryAndStatesOver()
    {
        LiveUpdate update = Open();
        Memfd ram = _machine.FileOf("memory of the first kernel");
        for (int kexecs = 1; kexecs <= 3; kexecs++)
        {
            update.Preserve("ram", ram).PreserveBytes("state", "early"u8);
            update.PreserveBytes("state", [(byte)kexecs], version: kexecs);
            Jump(update);
            ram.Dispose();

            update = Open();
            Assert.True(update.Resumed);
            Assert.Equal(kexecs, update.KexecsCount);
            ram = update.RetrieveMemfd("ram");
            Assert.Equal("memory of the first kernel", Text(ram));
            Assert.Equal([(byte)kexecs], update.RetrieveBytes("state", kexecs, out int version));
            Assert.Equal(kexecs, version);
            update.Finish();
            update.Finish();
            Assert.True(update.Resumed);
            Assert.Throws<InvalidOperationException>(() => update.RetrieveMemfd("ram"));
        }

        ram.Dispose();
        update.Dispose();
        Assert.Empty(_log.All);
        Assert.Equal(0, _machine.Kernel.OpenSessions);
    }

    /// <summary>Somebody else's kexec, before this program was ready: what was preserved until then is there, by name.</summary>
    [Fact]
    public void KexecOfAnotherProgram_CarriesWhatWasPreserved()
    {
        LiveUpdate update = Open();
        using Memfd ram = _machine.FileOf("ram");
        update.Preserve("ram", ram);
        _machine.Kexec();
        GC.KeepAlive(update);

        using LiveUpdate next = Open();
        using Memfd restored = next.RetrieveMemfd("ram");
        Assert.Equal("ram", Text(restored));
        Assert.Equal(SessionCatalogueFault.NoEntry, Assert.Throws<SessionCatalogueException>(() => next.RetrieveBytes("state")).Fault);
        next.Finish();
    }

    [Fact]
    public void Handover_Refused_LeavesEverythingAsBefore()
    {
        LiveUpdate update = Open();
        using Memfd ram = _machine.FileOf("ram");
        update.Preserve("ram", ram).PreserveBytes("state", "before"u8);
        KexecImage image = _machine.Load();
        KexecImage.Unload(_machine.Kernel);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => update.Handover(image)).Errno);
        Assert.False(update.Outgoing!.IsHeld);

        // Content can change, states can be replaced, more can be preserved.
        ram.Write(0, "RAM"u8);
        using Memfd more = _machine.FileOf("more");
        update.Preserve("more", more).PreserveBytes("state", "after"u8);
        Jump(update);

        using LiveUpdate next = Open();
        using Memfd restored = next.RetrieveMemfd("ram");
        Assert.Equal("RAM", Text(restored));
        Assert.Equal("after"u8, next.RetrieveBytes("state"));
        Assert.True(next.Contains("more"));
        next.Finish();
    }

    [Fact]
    public void Handover_BeforeFinish_IsRefused()
    {
        BringOver();
        using LiveUpdate update = Open();
        update.PreserveBytes("state", "new"u8);
        Assert.Contains(
            "not finished",
            Assert.Throws<InvalidOperationException>(() => update.Handover(_machine.Load())).Message,
            StringComparison.Ordinal);
        update.Finish();
        Jump(update);
        using LiveUpdate next = Open();
        Assert.Equal("new"u8, next.RetrieveBytes("state"));
        next.Finish();
    }

    [Fact]
    public void Handover_ImageOfAnotherKernel_IsRefused()
    {
        using var other = new TestMachine();
        LiveUpdate update = Open();
        update.PreserveBytes("state", "x"u8);
        Assert.Throws<ArgumentException>(() => update.Handover(other.Load()));
        update.Abort();
        update.Dispose();
    }

    [Fact]
    public void Dispose_BeforeFinishOrHandover_KeepsBothSessionsOpenAndReportsThem()
    {
        BringOver();
        LiveUpdate update = Open();
        update.PreserveBytes("new", "x"u8);
        update.Dispose();
        update.Dispose();
        Assert.Equal([SessionDirection.Outgoing, SessionDirection.Incoming], _log.All.Select(static leak => leak.Direction));
        foreach (SessionLeak leak in _log.All)
        {
            using LiveUpdateSession adopted = LiveUpdateSession.Adopt(_machine.Kernel, leak.FileDescriptor);
            Assert.Equal(Name, adopted.Name);
            (leak.Direction == SessionDirection.Incoming ? (Action)adopted.Finish : adopted.Abort)();
        }
    }

    [Fact]
    public void Adopt_OfASessionThatWasPassedOn_RetrievesAgainWhatWasRetrieved_AndFinishes()
    {
        BringOver();
        LiveUpdate first = Open();
        Assert.Equal("old"u8, first.RetrieveBytes("state"));
        first.Dispose();

        using LiveUpdate second = LiveUpdate.Adopt(LiveUpdateSession.Adopt(_machine.Kernel, Assert.Single(_log.All).FileDescriptor));
        Assert.True(second.Resumed);
        Assert.Equal((Name, 1), (second.Name, second.KexecsCount));
        Assert.Equal("old"u8, second.RetrieveBytes("state"));
        second.PreserveBytes("new", "x"u8);
        Assert.Throws<ArgumentException>(() => LiveUpdate.Adopt(second.Outgoing!));
        second.Abort();
        second.Finish();
        Assert.Equal(0, _machine.Kernel.OpenSessions);
    }

    [Fact]
    public void Abort_MakesFilesFreeAgain_AndANewStartPossible()
    {
        using LiveUpdate update = Open();
        using Memfd ram = _machine.FileOf("ram");
        update.Preserve("ram", ram);
        Assert.Equal(Errno.EPERM, Assert.Throws<KernelException>(() => ram.SetSize(1)).Errno);
        update.Abort();
        Assert.Null(update.Outgoing);
        ram.SetSize(1);
        update.Preserve("ram", ram);
        update.Abort();
        Assert.Equal(0, _machine.Kernel.OpenSessions);
    }

    [Fact]
    public void Preserve_DeviceHeldByAnotherProcess_ChangesNothingAndCanBeRetried()
    {
        using LiveUpdate update = Open();
        using Memfd ram = _machine.FileOf("ram");
        using (LiveUpdateDevice.Open(_machine.Kernel))
        {
            KernelException error = Assert.Throws<KernelException>(() => update.Preserve("ram", ram));
            Assert.Equal((Errno.EBUSY, true), (error.Errno, error.IsTransient));
            Assert.Equal(Errno.EBUSY, Assert.Throws<KernelException>(Open).Errno);
        }

        ram.SetSize(100);
        update.Preserve("ram", ram).Abort();
    }

    [Fact]
    public void Preserve_NameTwice_IsRefusedAndTheFirstStays()
    {
        using LiveUpdate update = Open();
        using Memfd ram = _machine.FileOf("ram");
        using Memfd other = _machine.FileOf("other");
        update.Preserve("ram", ram);
        Assert.Throws<ArgumentException>(() => update.Preserve("ram", other));
        Assert.Throws<ArgumentException>(() => update.PreserveBytes("ram", "x"u8));
        other.SetSize(0);
        update.Abort();
    }

    /// <summary>A session without a catalogue, as of a program that uses tokens: it is not lost,
    /// and says what is wrong at the first name.</summary>
    [Fact]
    public void Open_SessionWithoutCatalogue_GivesItsFilesByTokens()
    {
        _machine.CreateWithFile(Name).HoldUntilKexec();
        _machine.Kexec();
        using LiveUpdate update = Open();
        Assert.True(update.Resumed);
        Assert.Equal(0, update.KexecsCount);
        Assert.Equal(SessionCatalogueFault.Missing, Assert.Throws<SessionCatalogueException>(() => update.RetrieveMemfd("ram")).Fault);
        Assert.Equal(Name, TestMachine.ContentOf(update.Incoming));
        update.Finish();
    }

    [Fact]
    public void EveryCall_AfterDispose_IsRefused()
    {
        LiveUpdate update = Open();
        update.Dispose();
        using Memfd ram = _machine.FileOf("ram");
        foreach (Action call in (Action[])[
            () => update.Preserve("ram", ram), () => update.PreserveBytes("state", []), () => update.RetrieveMemfd("ram"),
            () => update.RetrieveBytes("state"),
            () => update.Handover(_machine.Load()), update.Finish, update.Abort])
        {
            Assert.Throws<ObjectDisposedException>(call);
        }
    }

    private LiveUpdate Open() => LiveUpdate.Open(_machine.Kernel, Name);

    private void Jump(LiveUpdate update)
    {
        KexecImage image = _machine.Load();
        Assert.Throws<EmulatedKexecException>(() => update.Handover(image));
        update.Dispose();
        _machine.Boot();
    }

    private void BringOver()
    {
        LiveUpdate update = Open();
        update.PreserveBytes("state", "old"u8);
        Jump(update);
    }

    private static string Text(Memfd file)
    {
        byte[] bytes = new byte[file.Size];
        return System.Text.Encoding.UTF8.GetString(bytes, 0, file.Read(0, bytes));
    }
}
