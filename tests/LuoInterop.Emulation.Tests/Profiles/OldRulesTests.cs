using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Proves what releases did before a rule was made: calls on the wrong kind of session, files preserved twice,
/// lost files.</summary>
public class OldRulesTests
{
    // FINISH forgets the files, which stay frozen with nobody to thaw them; the session goes over empty.
    [Theory]
    [InlineData("6.19", true)]
    [InlineData("7.0", true)]
    [InlineData("7.1", true)]
    [InlineData("7.2", false)]
    [InlineData("7.3", false)]
    public void Finish_OnAnOutgoingSession(string release, bool done)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor file = kernel.MemfdWith([1, 2, 3]);
        Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
        Assert.Equal(done ? 0 : EINVAL, kernel.Finish(session));
        Assert.Equal(EPERM, kernel.FTruncate(file, 100));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        Assert.Equal(done ? ENOENT : 0, next.TryRetrieve(retrieved, 1, out _));
    }

    [Theory]
    [InlineData("6.19")]
    [InlineData("7.1")]
    public void Finish_OnAnOutgoingSession_LeavesTheFileFrozen_AlsoAfterTheClose(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        using Descriptor file = kernel.MemfdWith([1, 2, 3]);
        using (Descriptor session = kernel.Create(device, "s"))
        {
            Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
            Assert.Equal(0, kernel.Finish(session));
        }

        Assert.Equal(EPERM, kernel.FTruncate(file, 100));
        using Descriptor again = kernel.Create(device, "again");
        Assert.Equal(0, kernel.Preserve(again, file.Fd, 1));
    }

    // The folios do not come from a previous kernel, so that they cannot be restored. An empty file has none.
    [Theory]
    [InlineData("6.19", EINVAL, 0)]
    [InlineData("7.0", EINVAL, 0)]
    [InlineData("7.1", EINVAL, 0)]
    [InlineData("7.2", EINVAL, EINVAL)]
    [InlineData("7.3", EINVAL, EINVAL)]
    public void RetrieveFd_OnAnOutgoingSession(string release, int result, int empty)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor file = kernel.MemfdWith([1, 2, 3]);
        Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
        Assert.Equal(0, kernel.Preserve(session, kernel.Memfd().Fd, 2));
        Assert.Equal(result, kernel.TryRetrieve(session, 1, out _));
        Assert.Equal(result, kernel.TryRetrieve(session, 1, out _));
        Assert.Equal(empty, kernel.TryRetrieve(session, 2, out int fd));
        Assert.True(empty != 0 || kernel.Close(fd) == 0);
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor retrieved = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal([1, 2, 3], next.Content(retrieved, 3));
    }

    // The file joins the incoming ones, and is forgotten with them.
    [Theory]
    [InlineData("6.19", true)]
    [InlineData("7.0", true)]
    [InlineData("7.1", true)]
    [InlineData("7.2", false)]
    [InlineData("7.3", false)]
    public void PreserveFd_OnAnIncomingSession(string release, bool done)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        Descriptor left = machine.Boot().Create(machine.Kernel.OpenDevice(), "s");
        Assert.Equal(0, machine.Kernel.Preserve(left, machine.Kernel.MemfdWith([1]).Fd, 1));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        Descriptor device = next.OpenDevice();
        using Descriptor file = next.MemfdWith([1, 2, 3]);
        using (Descriptor session = next.RetrieveSession(device, "s"))
        {
            Assert.Equal(done ? 0 : EINVAL, next.Preserve(session, file.Fd, 2));
            Assert.Equal(done ? EPERM : 0, next.FTruncate(file, 100));
        }

        Assert.Equal(done ? EPERM : 0, next.FTruncate(file, 200));
        EmulatedProcess third = machine.Kexec(release, Releases.On);
        Assert.Equal(ENOENT, third.TryRetrieveSession(third.OpenDevice(), "s", out _));
    }

    // Each session lists the same folios; the next kernel gives them to the first that asks.
    [Theory]
    [InlineData("6.19", true)]
    [InlineData("7.0", true)]
    [InlineData("7.1", false)]
    [InlineData("7.2", false)]
    [InlineData("7.3", false)]
    public void SameFileTwice(string release, bool allowed)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        using Descriptor file = kernel.MemfdWith([1, 2, 3]);
        Descriptor first = kernel.Create(device, "first");
        Assert.Equal(0, kernel.Preserve(first, file.Fd, 1));
        Assert.Equal(allowed ? 0 : EBUSY, kernel.Preserve(first, file.Fd, 2));
        Assert.Equal(allowed ? 0 : EBUSY, kernel.Preserve(kernel.Create(device, "second"), file.Fd, 1));
        Assert.Single(kernel.Running.Handover.Memory.Folios);
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        Descriptor nextDevice = next.OpenDevice();
        using Descriptor second = next.RetrieveSession(nextDevice, "second");
        using Descriptor retrieved = next.RetrieveSession(nextDevice, "first");
        Assert.Equal(allowed ? 0 : ENOENT, next.TryRetrieve(second, 1, out int fd));
        using var content = new Descriptor(next, allowed ? fd : next.Retrieve(retrieved, 1).Fd);
        Assert.Equal([1, 2, 3], next.Content(content, 3));
        if (allowed)
        {
            Assert.Equal(EIO, next.TryRetrieve(retrieved, 1, out _));
        }
    }

    // Closing one of them thaws the file and takes its pages out, though the other still lists them.
    [Theory]
    [InlineData("6.19")]
    [InlineData("7.0")]
    public void SameFileTwice_OneClosed_IsLostForTheOther(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        using Descriptor file = kernel.MemfdWith([1, 2, 3]);
        Descriptor kept = kernel.Create(device, "kept");
        Assert.Equal(0, kernel.Preserve(kept, file.Fd, 1));
        using (Descriptor closed = kernel.Create(device, "closed"))
        {
            Assert.Equal(0, kernel.Preserve(closed, file.Fd, 1));
        }

        Assert.Equal(0, kernel.FTruncate(file, 3));
        Assert.Equal(0, kernel.FTruncate(file, 2));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "kept");
        Assert.Equal(EIO, next.TryRetrieve(session, 1, out _));
        Assert.Equal(0, next.Finish(session));
    }

    // A retrieved file can be preserved again before its session is finished only where files are shared.
    [Theory]
    [InlineData("6.19", 0)]
    [InlineData("7.0", 0)]
    [InlineData("7.1", EBUSY)]
    [InlineData("7.2", EBUSY)]
    public void RetrievedFile_PreservedAgain(string release, int result)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        Descriptor left = machine.Boot().Create(machine.Kernel.OpenDevice(), "s");
        Assert.Equal(0, machine.Kernel.Preserve(left, machine.Kernel.MemfdWith([1, 2, 3]).Fd, 1));
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        Descriptor device = next.OpenDevice();
        Descriptor retrieved = next.RetrieveSession(device, "s");
        using Descriptor file = next.Retrieve(retrieved, 1);
        Assert.Equal(result, next.Preserve(next.Create(device, "t"), file.Fd, 1));
        EmulatedProcess third = machine.Kexec(release, Releases.On);
        using Descriptor session = third.RetrieveSession(third.OpenDevice(), "t");
        Assert.Equal(result == 0 ? 0 : ENOENT, third.TryRetrieve(session, 1, out int fd));
        if (result == 0)
        {
            using var content = new Descriptor(third, fd);
            Assert.Equal([1, 2, 3], third.Content(content, 3));
        }
    }

    // 6.19 opens, and the session lacks the file and those after it.
    [Theory]
    [InlineData("6.19", "memfd-v1", 0)]
    [InlineData("7.0", "memfd-v1", EIO)]
    [InlineData("7.1", "memfd-v2", EIO)]
    [InlineData("7.2", "memfd-v2", EIO)]
    [InlineData("7.3", "memfd-v2", EIO)]
    public void UnknownHandler_AtTheFirstOpen(string release, string handler, int result)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        PhysicalMemory memory = LeaveTwoFiles(machine, release);
        memory.Replace(handler, "memfd-v9");
        EmulatedProcess next = machine.Boot();
        int fd = next.Open("/dev/liveupdate", O_RDWR);
        Assert.Equal(result, Math.Min(fd, 0));
        Assert.Equal(result == 0 ? EBUSY : EIO, next.Open("/dev/liveupdate", O_RDWR));
        if (result != 0)
        {
            return;
        }

        using var device = new Descriptor(next, fd);
        using Descriptor session = next.RetrieveSession(device, "s");
        Assert.Equal(ENOENT, next.TryRetrieve(session, 1, out _));
        Assert.Equal(ENOENT, next.TryRetrieve(session, 2, out _));
        Assert.Equal(0, next.Finish(session));
    }

    // A folio that is not preserved: EIO. Asked again, 6.19 tries again, and finds the list of folios taken: EINVAL.
    [Theory]
    [InlineData("6.19", EINVAL)]
    [InlineData("7.0", EIO)]
    [InlineData("7.1", EIO)]
    [InlineData("7.2", EIO)]
    [InlineData("7.3", EIO)]
    public void FailedRetrieve_AskedAgain(string release, int again)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([1, 2, 3]).Fd, 1));
        kernel.Running.Handover.UnpreserveFolios(Assert.Single(kernel.Running.Handover.Memory.Folios), 9);
        EmulatedProcess next = machine.Kexec(release, Releases.On);
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        Assert.Equal(EIO, next.TryRetrieve(retrieved, 1, out _));
        Assert.Equal(again, next.TryRetrieve(retrieved, 1, out _));
        Assert.Equal(again, next.TryRetrieve(retrieved, 1, out _));
        Assert.Equal(0, next.Finish(retrieved));
    }

    private static PhysicalMemory LeaveTwoFiles(EmulatedMachine machine, string release)
    {
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([1]).Fd, 1));
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([2]).Fd, 2));
        Assert.Equal(0, kernel.LoadRelease(release));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        return kernel.Running.Handover.Memory;
    }
}
