using LuoInterop.Interop;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Proves that a session's descriptor can be taken over on every release with sessions.</summary>
public sealed class AdoptionTests
{
    private const string Odd = "odd \n\\012 (deleted) \u00e9";

    public static TheoryData<string> Old => ["6.19", "7.0", "7.1"];

    public static TheoryData<string> All => ["6.19", "7.0", "7.1", "7.2", "7.3"];

    [Theory]
    [MemberData(nameof(All))]
    public void Adopt_WithTheDirection_TakesBothKindsOver_AndDamagesNeither(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        LiveUpdateSession outgoing = Adopt(kernel, Create(kernel, Odd), SessionDirection.Outgoing);
        Assert.Equal((Odd, Odd, SessionDirection.Outgoing), (outgoing.Name, outgoing.ReadName(), outgoing.Direction));
        using (LuoInterop.Memfd file = LuoInterop.Memfd.Create(kernel, "file", 4096))
        {
            file.Write(0, [7]);
            outgoing.Preserve(file, 0);
        }

        outgoing.HoldUntilKexec();
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        LiveUpdateSession retrieved;
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(next))
        {
            retrieved = device.RetrieveSession(Odd);
        }

        LiveUpdateSession incoming = Adopt(next, retrieved, SessionDirection.Incoming);
        Assert.Equal((Odd, SessionDirection.Incoming), (incoming.Name, incoming.Direction));
        using LuoInterop.Memfd restored = incoming.RetrieveMemfd(0);
        byte[] content = new byte[1];
        Assert.Equal(1, restored.Read(0, content));
        Assert.Equal(7, content[0]);
        incoming.Finish();
        incoming.Dispose();
        retrieved.Finish();
        retrieved.Dispose();
    }

    [Theory]
    [MemberData(nameof(Old))]
    public void Adopt_WithoutTheDirection_AsksForItBefore72(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        LiveUpdateSession session = Create(kernel, Odd);
        int fd = kernel.Fcntl(session.Handle, FcntlHeader.F_DUPFD_CLOEXEC);
        var error = Assert.Throws<KernelException>(() => LiveUpdateSession.Adopt(kernel, fd));
        Assert.Equal((Errno.EINVAL, Odd), (error.Errno, error.Session));
        Assert.Contains("Pass the direction", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, kernel.Close(fd));
        session.Abort();
    }

    [Theory]
    [MemberData(nameof(Old))]
    public void Adopt_OfWhatIsNoSession_IsRefusedWhateverTheDirection(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        int fd = (int)device.Handle.DangerousGetHandle();
        Assert.Equal(
            Errno.EINVAL, Assert.Throws<KernelException>(() => LiveUpdateSession.Adopt(kernel, fd, SessionDirection.Incoming)).Errno);
        device.CreateSession("still open").Abort();
    }

    private static LiveUpdateSession Create(EmulatedProcess kernel, string name)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        return device.CreateSession(name);
    }

    private static LiveUpdateSession Adopt(EmulatedProcess kernel, LiveUpdateSession session, SessionDirection direction) =>
        LiveUpdateSession.Adopt(kernel, kernel.Fcntl(session.Handle, FcntlHeader.F_DUPFD_CLOEXEC), direction);
}
