using LuoInterop.Emulation;
using LuoInterop.Interop;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves that descriptors which were left open, or came from elsewhere, can be taken over.</summary>
public sealed class AdoptTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly LeakLog _log = new();

    private string Name => _log.Prefix + "adopted";

    public void Dispose()
    {
        _log.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void Adopt_LeakedOutgoing_KnowsItsNameAndCanAbort()
    {
        _machine.CreateWithFile(Name).Dispose();
        LiveUpdateSession session = LiveUpdateSession.Adopt(_machine.Kernel, Assert.Single(_log.All).FileDescriptor);
        Assert.Equal(Name, session.Name);
        Assert.Equal(Name, session.ReadName());
        session.Abort();
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
    }

    [Fact]
    public void Adopt_LeakedIncoming_CanRetrieveAndFinish()
    {
        _machine.Incoming(Name).Dispose();
        LiveUpdateSession session = LiveUpdateSession.Adopt(_machine.Kernel, Assert.Single(_log.All).FileDescriptor);
        Assert.Equal(Name, TestMachine.ContentOf(session));
        session.Finish();
        session.Dispose();
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
        Assert.Single(_log.All);
    }

    [Fact]
    public void Adopt_Outgoing_IsNeverTakenForEmpty()
    {
        // What the former owner preserved is not known, so Dispose must not close it.
        _machine.CreateWithFile(Name).Dispose();
        LiveUpdateSession.Adopt(_machine.Kernel, Assert.Single(_log.All).FileDescriptor).Dispose();
        Assert.Equal(2, _log.All.Count);
        Assert.Equal(0, _machine.Kernel.CountOf("close", Name));
    }

    [Fact]
    public void Adopt_DescriptorThatIsNoSession_StaysTheCallers()
    {
        using Memfd file = Memfd.Create(_machine.Kernel, "no session");
        int fd = (int)file.Handle.DangerousGetHandle();
        var error = Assert.Throws<KernelException>(() => LiveUpdateSession.Adopt(_machine.Kernel, fd));
        Assert.Equal((Errno.ENOTTY, "GET_NAME"), (error.Errno, error.Operation));
        Assert.Equal(0, file.Size);
    }

    [Fact]
    public void Adopt_DescriptorThatIsNotOpen_IsRefused()
    {
        Assert.Equal(Errno.EBADF, Assert.Throws<KernelException>(() => LiveUpdateSession.Adopt(_machine.Kernel, 1 << 19)).Errno);
        Assert.Throws<ArgumentOutOfRangeException>(() => LiveUpdateSession.Adopt(_machine.Kernel, -1));
    }

    [Fact]
    public void Adopt_OnAKernelWithoutGetName_AsksForTheDirection()
    {
        _machine.CreateWithFile(Name).Dispose();
        int fd = _log.All[0].FileDescriptor;
        _machine.Faults.FailCall(KernelCall.GetName, Errno.EINVAL);
        var error = Assert.Throws<KernelException>(() => LiveUpdateSession.Adopt(_machine.Kernel, fd));
        Assert.Contains("Pass the direction", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, _machine.Kernel.OpenSessions);
        _machine.Faults.FailCall(KernelCall.GetName, Errno.EINVAL);
        LiveUpdateSession session = LiveUpdateSession.Adopt(_machine.Kernel, fd, SessionDirection.Outgoing);
        Assert.Equal((Name, SessionDirection.Outgoing), (session.Name, session.Direction));
        session.Abort();
        Assert.Single(_log.All);
    }

    [Fact]
    public void Adopt_WithTheWrongDirection_IsRefusedWhereTheKernelKnowsBetter()
    {
        _machine.CreateWithFile(Name).Dispose();
        int fd = _log.All[0].FileDescriptor;
        Assert.Throws<ArgumentException>(() => LiveUpdateSession.Adopt(_machine.Kernel, fd, SessionDirection.Incoming));
        Assert.Throws<ArgumentException>(() => LiveUpdateSession.Adopt(_machine.Kernel, fd, SessionDirection.None));
        LiveUpdateSession.Adopt(_machine.Kernel, fd, SessionDirection.Outgoing).Abort();
        Assert.Equal(1, _machine.Kernel.CountOf("close", Name));
    }

    [Fact]
    public void Adopt_AsksForTheNameFirst_AndAnythingElseOfSessionsOnly()
    {
        var asked = new List<uint>();
        _machine.CreateWithFile(Name).Dispose();
        using Memfd file = Memfd.Create(_machine.Kernel, "no session");
        _machine.Kernel.Before = asked.Add;
        Assert.Throws<KernelException>(() => LiveUpdateSession.Adopt(_machine.Kernel, (int)file.Handle.DangerousGetHandle()));
        Assert.Equal([LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME], asked);
        LiveUpdateSession.Adopt(_machine.Kernel, _log.All[0].FileDescriptor).Abort();
        Assert.Equal(
            [LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME, LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME,
                LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD],
            asked);
    }

    [Fact]
    public void Adopt_WhereCloseOnExecCannotBeSet_LeavesTheDescriptorToTheCallerWithoutAReport()
    {
        _machine.CreateWithFile(Name).Dispose();
        _machine.Faults.FailCall(KernelCall.Fcntl, Errno.EINVAL);
        Assert.Throws<KernelException>(() => LiveUpdateSession.Adopt(_machine.Kernel, _log.All[0].FileDescriptor));
        Collector.Run();
        Assert.Single(_log.All);
        LiveUpdateSession.Adopt(_machine.Kernel, _log.All[0].FileDescriptor).Abort();
    }
}
