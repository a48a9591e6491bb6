using LuoInterop.Emulation;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves what each way of ending a session does to what it holds.</summary>
public sealed class EndOfSessionTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly LeakLog _log = new();

    private string Name => _log.Prefix + "session";

    public void Dispose()
    {
        _log.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void Dispose_OutgoingWithoutFiles_Closes()
    {
        _machine.Create(Name).Dispose();
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
        Assert.Empty(_log.All);
    }

    [Fact]
    public void Dispose_OutgoingWithFiles_LeavesItOpenAndReports()
    {
        _machine.CreateWithFile(Name).Dispose();
        Assert.Equal(0, _machine.Kernel.CountOf("close", Name));
        SessionLeak leak = Assert.Single(_log.All);
        Assert.Equal((Name, SessionDirection.Outgoing, SessionLeakCause.Disposed), (leak.Name, leak.Direction, leak.Cause));
        Assert.Contains("HoldUntilKexec", leak.ToString(), StringComparison.Ordinal);
        _machine.Kexec();
        Assert.True(_machine.IsHandedOver(Name));
    }

    [Fact]
    public void Dispose_Held_LeavesItOpenSilently()
    {
        LiveUpdateSession session = _machine.CreateWithFile(Name);
        session.HoldUntilKexec();
        Assert.True(session.IsHeld);
        session.Dispose();
        Assert.Empty(_log.All);
        Assert.Equal(1, _machine.Kernel.OpenSessions);
    }

    [Fact]
    public void Dispose_IncomingUnfinished_LeavesItOpenAndReports()
    {
        _machine.Incoming(Name).Dispose();
        SessionLeak leak = Assert.Single(_log.All);
        Assert.Equal((SessionDirection.Incoming, SessionLeakCause.Disposed), (leak.Direction, leak.Cause));
        Assert.Contains("before Finish", leak.ToString(), StringComparison.Ordinal);
        Assert.Equal(["retrieve " + Name], _machine.Kernel.Calls);
    }

    [Fact]
    public void Dispose_IncomingFinished_Closes()
    {
        LiveUpdateSession session = _machine.Incoming(Name);
        session.Finish();
        session.Finish();
        session.Dispose();
        Assert.Equal(["retrieve " + Name, "finish " + Name, "finish " + Name, "close " + Name], _machine.Kernel.Calls);
        Assert.Empty(_log.All);
    }

    [Fact]
    public void Dispose_Twice_DoesNothingMore()
    {
        LiveUpdateSession closed = _machine.Create(Name);
        closed.Dispose();
        closed.Dispose();
        LiveUpdateSession leaked = _machine.CreateWithFile(Name);
        leaked.Dispose();
        leaked.Dispose();
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
        Assert.Single(_log.All);
    }

    [Fact]
    public void Members_AfterDispose_ThrowObjectDisposed()
    {
        LiveUpdateSession session = _machine.Create(Name);
        using Memfd file = _machine.FileOf("x");
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Preserve(file, 1));
        Assert.Throws<ObjectDisposedException>(session.HoldUntilKexec);
        Assert.Throws<ObjectDisposedException>(session.ReadName);
        Assert.Equal(Name, session.Name);
        session.Abort();
    }

    [Fact]
    public void Abort_OutgoingWithFiles_DropsThemAndFreesTheName()
    {
        LiveUpdateSession session = _machine.Create(Name);
        using Memfd file = _machine.FileOf("content");
        session.Preserve(file, 1);
        Assert.Equal(Errno.EPERM, Assert.Throws<KernelException>(() => file.SetSize(1)).Errno);
        session.Abort();
        session.Abort();
        session.Dispose();
        file.SetSize(1);
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
        Assert.Empty(_log.All);
        _machine.Create(Name).Dispose();
    }

    [Fact]
    public void Abort_Held_DropsIt()
    {
        LiveUpdateSession session = _machine.CreateWithFile(Name);
        session.HoldUntilKexec();
        session.Abort();
        _machine.Kexec();
        Assert.False(_machine.IsHandedOver(Name));
        Assert.Empty(_log.All);
    }

    [Fact]
    public void Abort_AfterALeakingDispose_ThrowsInsteadOfDoingNothing()
    {
        LiveUpdateSession session = _machine.CreateWithFile(Name);
        session.Dispose();
        var error = Assert.Throws<InvalidOperationException>(session.Abort);
        Assert.Contains("Adopt", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, _machine.Kernel.OpenSessions);
    }

    [Fact]
    public void AbortAndHold_Incoming_Throw()
    {
        LiveUpdateSession session = _machine.Incoming(Name);
        Assert.Throws<InvalidOperationException>(session.Abort);
        Assert.Throws<InvalidOperationException>(session.HoldUntilKexec);
        Assert.Equal(Name, TestMachine.ContentOf(session));
        session.Finish();
        Assert.Throws<InvalidOperationException>(session.Abort);
        session.Dispose();
    }

    [Fact]
    public void Finish_Outgoing_IsRefusedAndChangesNothing()
    {
        LiveUpdateSession session = _machine.CreateWithFile(Name);
        Assert.Throws<InvalidOperationException>(session.Finish);
        Assert.Throws<InvalidOperationException>(() => session.RetrieveFile(1));
        Assert.Equal(0, _machine.Kernel.CountOf("finish", Name));
        session.Dispose();
        Assert.Single(_log.All);
        Assert.Equal(1, _machine.Kernel.OpenSessions);
    }

    [Fact]
    public void Reboot_WhenAFileCannotFreeze_SaysSo_AndTheSessionGoesOverWithTheNext()
    {
        using LiveUpdateSession session = _machine.CreateWithFile(Name);
        session.HoldUntilKexec();
        KexecImage image = _machine.Load();
        InjectedFault fault = _machine.Faults.FailHandler(FileOperation.Freeze, Errno.EOVERFLOW, token: 1);
        var error = Assert.Throws<KernelException>(image.Reboot);
        Assert.True(fault.HasFired);
        Assert.Equal((Errno.EOVERFLOW, "reboot(KEXEC)"), (error.Errno, error.Operation));
        Assert.Contains("can be retried", error.Message, StringComparison.Ordinal);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
        _machine.Boot();
        Assert.Equal(Name, TestMachine.ContentOf(_machine.Retrieve(Name)));
    }

    [Fact]
    public void Finish_Refused_LeavesTheSessionUnfinished()
    {
        LiveUpdateSession session = _machine.Incoming(Name);
        _machine.Faults.FailCall(KernelCall.Finish, Errno.EBUSY);
        Assert.Equal(Errno.EBUSY, Assert.Throws<KernelException>(session.Finish).Errno);
        session.Dispose();
        Assert.Single(_log.All);
        Assert.Equal(0, _machine.Kernel.CountOf("close", Name));
    }

    [Fact]
    public void Preserve_IntoIncoming_IsRefusedAndFinishStillCloses()
    {
        LiveUpdateSession session = _machine.Incoming(Name);
        using Memfd file = _machine.FileOf("x");
        Assert.Throws<InvalidOperationException>(() => session.Preserve(file, 9));
        session.Finish();
        Assert.Throws<InvalidOperationException>(() => session.Preserve(file, 9));
        session.Dispose();
        Assert.Empty(_log.All);
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
    }

    [Fact]
    public void Preserve_ExecSealedFile_IsRefusedBeforeTheCallUnlessAllowed()
    {
        LiveUpdateSession session = _machine.Create(Name);
        using Memfd file = Memfd.Create(_machine.Kernel, "noexec", 4096, new MemfdOptions { Executable = MemfdExecutable.Sealed });
        Assert.Throws<ArgumentException>(() => session.Preserve(file, 1));
        Assert.Equal(0, _machine.Kernel.CountOf("preserve", Name));
        session.Preserve(file, 1, PreserveOptions.AllowExecSeal);
        Assert.Equal(1, _machine.Kernel.CountOf("preserve", Name));
        session.Abort();
    }

    [Fact]
    public void RetrievedFile_AfterFinishAndDispose_StaysUsable()
    {
        LiveUpdateSession session = _machine.Incoming(Name);
        using Memfd file = session.RetrieveMemfd(1);
        session.Finish();
        session.Dispose();
        var bytes = new byte[file.Size];
        file.Read(0, bytes);
        Assert.Equal(Name, System.Text.Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void Leak_AsText_SaysWhatHappenedAndWhatToDo()
    {
        var leak = new SessionLeak("silent", SessionDirection.Outgoing, 5, SessionLeakCause.Collected);
        Assert.Equal(
            "LuoInterop: the session \"silent\" (descriptor 5) was garbage-collected while it preserves files. Its descriptor stays "
            + "open, so that the files stay preserved; call HoldUntilKexec, or Abort to drop them.",
            leak.ToString());
    }
}
