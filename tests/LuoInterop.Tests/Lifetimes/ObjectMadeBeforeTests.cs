using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves what the objects that are made before their session or file refuse, and that refusing loses nothing.</summary>
public sealed class ObjectMadeBeforeTests : IDisposable
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
    public void EveryCall_BeforeTheSession_SaysWhatToDoFirst()
    {
        var session = new LiveUpdateSession(_machine.Kernel, Name);
        using Memfd file = Memfd.Create(_machine.Kernel, "file", 4096);
        foreach (Action call in (Action[])[
            () => session.Preserve(file, 1), () => session.RetrieveFile(1), session.Finish, session.Abort, session.HoldUntilKexec])
        {
            Assert.Contains(
                "pass it to LiveUpdateDevice.CreateSession or RetrieveSession first",
                Assert.Throws<InvalidOperationException>(call).Message,
                StringComparison.Ordinal);
        }

        Assert.Equal(Errno.EBADF, Assert.Throws<KernelException>(() => session.ReadName()).Errno);
        Assert.DoesNotContain(_machine.Kernel.Calls, call => call.Contains(Name, StringComparison.Ordinal));
    }

    [Fact]
    public void Constructor_IllegalName_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => new LiveUpdateSession(null!, Name));
        Assert.ThrowsAny<ArgumentException>(() => new LiveUpdateSession(_machine.Kernel, new string('n', 64)));
    }

    [Fact]
    public void CreateAndRetrieve_AnObjectThatHasASession_AreRefusedAndLeaveIt()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        LiveUpdateSession session = device.CreateSession(Name);
        Assert.Contains(
            "make a new object",
            Assert.Throws<InvalidOperationException>(() => device.CreateSession(session)).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => device.RetrieveSession(session));
        Assert.Equal(Name, session.ReadName());
        session.Abort();
        Assert.Throws<ObjectDisposedException>(() => device.CreateSession(session));
    }

    [Fact]
    public void Create_AnObjectOfAnotherKernel_IsRefused()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        var session = new LiveUpdateSession(Kernel.Linux, Name);
        Assert.Contains(
            "another kernel", Assert.Throws<ArgumentException>(() => device.CreateSession(session)).Message, StringComparison.Ordinal);
        Assert.Equal(SessionDirection.None, session.Direction);
    }

    [Fact]
    public void Dispose_WithoutASession_ClosesNothingAndReportsNothing()
    {
        var session = new LiveUpdateSession(_machine.Kernel, Name);
        session.Dispose();
        session.Dispose();
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        Assert.Throws<ObjectDisposedException>(() => device.CreateSession(session));
        Assert.Equal(0, _machine.Kernel.CountOf("close", Name));
        Assert.Empty(_log.All);
    }

    [Fact]
    public void RetrieveFile_IntoAHandleInUseOrClosed_IsRefusedBeforeTheKernelIsAsked()
    {
        _machine.CreateWithFile(Name).HoldUntilKexec();
        _machine.Kexec();
        using LiveUpdateSession session = _machine.Retrieve(Name);
        int asked = _machine.Kernel.Calls.Count;
        using Memfd other = Memfd.Create(Kernel.Linux, "other", 4096);
        Assert.Throws<InvalidOperationException>(() => session.RetrieveFile(1, other.Handle));
        var closed = new KernelHandle(_machine.Kernel);
        closed.Dispose();
        Assert.Throws<InvalidOperationException>(() => session.RetrieveFile(1, closed));
        using var elsewhere = new KernelHandle(Kernel.Linux);
        Assert.Contains(
            "another kernel", Assert.Throws<ArgumentException>(() => session.RetrieveFile(1, elsewhere)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => session.RetrieveFile(1, null!));
        Assert.Equal(asked, _machine.Kernel.Calls.Count);
        session.Finish();
    }
}
