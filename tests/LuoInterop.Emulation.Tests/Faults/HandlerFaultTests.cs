using LuoInterop.Emulation.Boot;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Proves what LUO makes of a file handler that fails (kernel/liveupdate/luo_file.c), and of a kernel that lacks one.</summary>
public sealed class HandlerFaultTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Preserve_IsReturned_AndAllIsUndone()
    {
        EmulatedProcess kernel = _machine.Boot();
        using Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor file = kernel.MemfdWith([1]);
        KernelFootprint before = KernelFootprint.Of(kernel.Running);
        InjectedFault fault = _machine.Faults.FailHandler(FileOperation.Preserve, Errno.EOVERFLOW);
        Assert.Equal(-75, kernel.Preserve(session, file.Fd, 1));
        Assert.True(fault.HasFired);
        Assert.Equal(before, KernelFootprint.Of(kernel.Running));
        Assert.Equal(0, kernel.FTruncate(file, 0));
        Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
    }

    [Fact]
    public void Freeze_FailsByToken_OrByNumber_AndCanBeRetried()
    {
        EmulatedProcess kernel = _machine.Boot();
        using Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        foreach (ulong token in (ulong[])[10, 20, 30])
        {
            using Descriptor file = kernel.MemfdWith([(byte)token]);
            Assert.Equal(0, kernel.Preserve(session, file.Fd, token));
        }

        Assert.Equal(0, kernel.Load());
        InjectedFault second = _machine.Faults.FailHandler(FileOperation.Freeze, Errno.EIO, nth: 2);
        InjectedFault other = _machine.Faults.FailHandler(FileOperation.Freeze, Errno.EBUSY, token: 30);
        InjectedFault nobody = _machine.Faults.FailHandler(FileOperation.Freeze, Errno.EAGAIN, token: 40);
        Assert.Equal(EIO, kernel.Reboot(KexecCommand));
        Assert.True(second.HasFired);
        Assert.False(other.HasFired);
        Assert.Equal(EBUSY, kernel.Reboot(KexecCommand));
        Assert.True(other.HasFired);
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.False(nobody.HasFired);
        EmulatedProcess next = _machine.Boot();
        using Descriptor nextSession = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor third = next.Retrieve(nextSession, 30);
        Assert.Equal([30], next.Content(third, 1));
    }

    [Fact]
    public void Retrieve_FailsForEver_ForThatTokenOnly_InALaterKernelToo()
    {
        EmulatedProcess first = _machine.Boot();
        using Descriptor session = first.Create(first.OpenDevice(), "s");
        foreach (ulong token in (ulong[])[1, 2])
        {
            using Descriptor file = first.MemfdWith([(byte)token]);
            Assert.Equal(0, first.Preserve(session, file.Fd, token));
        }

        InjectedFault fault = _machine.Faults.FailHandler(FileOperation.Retrieve, Errno.EOVERFLOW, token: 1);
        EmulatedProcess next = _machine.Kexec();
        using Descriptor incoming = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor sound = next.Retrieve(incoming, 2);
        Assert.False(fault.HasFired);
        Assert.Equal(-75, next.TryRetrieve(incoming, 1, out _));
        Assert.True(fault.HasFired);
        Assert.Equal(-75, next.TryRetrieve(incoming, 1, out _));
        Assert.Equal([2], next.Content(sound, 1));
        Assert.Equal(0, next.Finish(incoming));
    }

    [Fact]
    public void MissingHandler_IsEioInAllOfThatBoot_AndEnoentForNewFiles()
    {
        EmulatedProcess first = _machine.Boot();
        using Descriptor carried = first.Create(first.OpenDevice(), "s");
        using (Descriptor file = first.MemfdWith([1]))
        {
            Assert.Equal(0, first.Preserve(carried, file.Fd, 1));
        }

        InjectedFault fault = _machine.Faults.OmitMemfdHandler();
        EmulatedProcess next = _machine.Kexec();
        Assert.True(fault.HasFired);
        Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(EIO, next.StartProcess().Open("/dev/liveupdate", O_RDWR));

        EmulatedProcess third = _machine.Kexec();
        Assert.Equal(ENOENT, third.TryRetrieveSession(third.OpenDevice(), "s", out _));

        _machine.Faults.OmitMemfdHandler();
        EmulatedProcess fourth = _machine.Kexec();
        using Descriptor session = fourth.Create(fourth.OpenDevice(), "s");
        using Descriptor memory = fourth.MemfdWith([1]);
        Assert.Equal(ENOENT, fourth.Preserve(session, memory.Fd, 1));
    }
}
