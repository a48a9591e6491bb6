using LuoInterop.Emulation;
using LuoInterop.Kvm;

namespace LuoInterop.Tests.Signals;

/// <summary>Proves for every call of a kernel what the library does when a signal interrupts it: the table of docs/signals.md.</summary>
public sealed class InterruptedCallTests : IDisposable
{
    // With a KVM of its own: not every host has one.
    private readonly EmulatedMachine _machine = new(new EmulatedMachineOptions { Release = "7.3.4-rfc-guest-memfd" });
    private readonly EmulatedProcess _kernel;
    private readonly string _image = Path.Combine("/dev/shm", $"luointerop-image-{Guid.NewGuid():N}");
    private readonly Memfd _file;

    public InterruptedCallTests()
    {
        EmulatedKernelImage.Write(_image);

        _kernel = _machine.Boot();
        _file = Memfd.Create(_kernel, "signals", 8192);
    }

    public static TheoryData<KernelCall> Repeated { get; } = new(
        KernelCall.Open,
        KernelCall.Ioctl,
        KernelCall.FTruncate,
        KernelCall.FAllocate,
        KernelCall.Read,
        KernelCall.Write,
        KernelCall.PRead,
        KernelCall.PWrite,
        KernelCall.FStat,
        KernelCall.KexecFileLoad);

    public static TheoryData<KernelCall> PassedOn { get; } = new(
        KernelCall.CreateSession,
        KernelCall.RetrieveSession,
        KernelCall.PreserveFd,
        KernelCall.RetrieveFd,
        KernelCall.Finish,
        KernelCall.Fcntl,
        KernelCall.MemfdCreate,
        KernelCall.LSeek,
        KernelCall.ReadLink,
        KernelCall.MMap,
        KernelCall.MUnmap,
        KernelCall.MAdvise,
        KernelCall.Reboot);

    // The managed API has no exception of its own for these: what asks for a name or a folder says what it found,
    // fchmod(2) is only in the seam.
    private static readonly KernelCall[] s_elsewhere = [KernelCall.Close, KernelCall.GetName, KernelCall.ReadDirectory, KernelCall.FChmod];

    [Fact]
    public void EveryCall_IsInTheTable()
    {
        KernelCall[] all = [.. Of(Repeated), .. Of(PassedOn), .. s_elsewhere];
        Assert.Equal(Enum.GetValues<KernelCall>().Where(static call => call != KernelCall.Any).Order(), all.Order());
    }

    private static IEnumerable<KernelCall> Of(TheoryData<KernelCall> rows) =>
        ((IEnumerable<object[]>)rows).Select(static row => (KernelCall)row[0]);

    [Theory]
    [MemberData(nameof(Repeated))]
    public void Call_ThatASignalInterrupts_IsMadeOnceMore(KernelCall call)
    {
        // The KVM device answers two requests before KVM_CREATE_VM, to which the fault is aimed.
        using KvmDevice? kvm = call == KernelCall.Ioctl ? KvmDevice.Open(_kernel) : null;
        int before = call == KernelCall.Ioctl ? 1 : 0;
        InjectedFault[] faults = [.. Enumerable.Range(before + 1, 3).Select(nth => _machine.Faults.FailCall(call, Errno.EINTR, nth))];
        Make(call, kvm);
        Assert.All(faults, static fault => Assert.True(fault.HasFired));
    }

    [Theory]
    [MemberData(nameof(PassedOn))]
    public void Call_ThatLinuxDoesNotInterrupt_IsMadeOnce_AndSaysWhatItGot(KernelCall call)
    {
        InjectedFault? fault = null;
        var error = Assert.Throws<KernelException>(() => Make(call, null, () => fault = _machine.Faults.FailCall(call, Errno.EINTR)));
        Assert.True(fault!.HasFired);
        Assert.Equal(Errno.EINTR, error.Errno);
    }

    [Fact]
    public void Close_ThatASignalInterrupts_IsNeverMadeAgain_AndHasClosed()
    {
        LiveUpdateDevice device = LiveUpdateDevice.Open(_kernel);
        long before = _machine.Faults.CountCalls(KernelCall.Close);
        InjectedFault fault = _machine.Faults.FailCall(KernelCall.Close, Errno.EINTR);
        device.Dispose();
        Assert.True(fault.HasFired);
        Assert.Equal(before + 1, _machine.Faults.CountCalls(KernelCall.Close));
        LiveUpdateDevice.Open(_kernel).Dispose();
    }

    public void Dispose()
    {
        _file.Dispose();
        _machine.Dispose();
        File.Delete(_image);
    }

    // Makes a call through the managed API. What has to be done before it is, then the fault is armed.
    private void Make(KernelCall call, KvmDevice? kvm, Action? arm = null)
    {
        arm ??= static () => { };
        switch (call)
        {
            case KernelCall.Open:
                LiveUpdateDevice.Open(_kernel).Dispose();
                break;
            case KernelCall.Ioctl:
                kvm!.CreateVm().Dispose();
                break;
            case KernelCall.FTruncate:
                _file.SetSize(4096);
                Assert.Equal(4096, _file.Size);
                break;
            case KernelCall.FAllocate:
                _file.Allocate(0, 8192);
                Assert.Equal(16, _file.Status.Blocks);
                break;
            case KernelCall.Read:
                Assert.Equal(0, _file.OpenStream().ReadByte());
                Assert.Equal(1, _file.Position);
                break;
            case KernelCall.Write:
                _file.OpenStream().WriteByte(7);
                Assert.Equal(1, _file.Position);
                break;
            case KernelCall.PRead:
                Assert.Equal(5, _file.Read(0, new byte[5]));
                break;
            case KernelCall.PWrite:
                _file.Write(0, "12345"u8);
                Assert.Equal("12345"u8, Content(5));
                break;
            case KernelCall.FStat:
                Assert.Equal(8192, _file.Size);
                break;
            case KernelCall.KexecFileLoad:
                KexecImage.Load(_kernel, _image, null, "kho=on liveupdate=on");
                Assert.True(KexecImage.IsLoaded(_kernel));
                break;
            case KernelCall.Fcntl:
                arm();
                _ = _file.Seals;
                break;
            case KernelCall.MemfdCreate:
                arm();
                Memfd.Create(_kernel, "other").Dispose();
                break;
            case KernelCall.LSeek:
                arm();
                _file.Position = 1;
                break;
            case KernelCall.ReadLink:
                arm();
                _ = _file.LinkText;
                break;
            case KernelCall.MMap:
                arm();
                _file.Map().Dispose();
                break;
            case KernelCall.MUnmap:
                Unmap(arm);
                break;
            case KernelCall.MAdvise:
                using (MemfdMapping mapping = _file.Map())
                {
                    arm();
                    mapping.Populate();
                }

                break;
            case KernelCall.Reboot:
                KexecImage image = KexecImage.Load(_kernel, _image, null, "kho=on liveupdate=on");
                arm();
                image.Reboot();
                break;
            default:
                MakeOnASession(call, arm);
                break;
        }
    }

    private void Unmap(Action arm)
    {
        MemfdMapping mapping = _file.Map();
        arm();
        try
        {
            mapping.Dispose();
        }
        finally
        {
            // As before: the memory is there, and can be unmapped.
            Assert.Equal(0, mapping.GetReadOnlySpan(0, 1)[0]);
            mapping.Dispose();
            Assert.Throws<ObjectDisposedException>(() => mapping.GetReadOnlySpan(0, 1)[0]);
        }
    }

    private void MakeOnASession(KernelCall call, Action arm)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_kernel);
        if (call is KernelCall.CreateSession or KernelCall.RetrieveSession)
        {
            arm();
            _ = call == KernelCall.CreateSession ? device.CreateSession("signals") : device.RetrieveSession("signals");
            return;
        }

        LiveUpdateSession session = device.CreateSession("signals");
        if (call == KernelCall.PreserveFd)
        {
            arm();
            session.Preserve(_file, 1);
            return;
        }

        session.Preserve(_file, 1);
        session.HoldUntilKexec();
        KexecImage image = KexecImage.Load(_kernel, _image, null, "kho=on liveupdate=on");
        Assert.Throws<EmulatedKexecException>(image.Reboot);
        using LiveUpdateDevice next = LiveUpdateDevice.Open(_machine.Boot());
        LiveUpdateSession back = next.RetrieveSession("signals");
        try
        {
            arm();
            if (call == KernelCall.RetrieveFd)
            {
                back.RetrieveMemfd(1).Dispose();
            }

            back.Finish();
        }
        finally
        {
            back.Finish();
            back.Dispose();
        }
    }

    private byte[] Content(int length)
    {
        byte[] bytes = new byte[length];
        Assert.Equal(length, _file.Read(0, bytes));
        return bytes;
    }
}
