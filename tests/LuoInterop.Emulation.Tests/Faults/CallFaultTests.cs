using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Faults;

/// <summary>Proves that every call of a program can be refused before it does anything, once, and by number.</summary>
public sealed class CallFaultTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly EmulatedProcess _kernel;
    private readonly Descriptor _device;
    private readonly Descriptor _session;
    private readonly Descriptor _file;

    public CallFaultTests()
    {
        _kernel = _machine.Boot();
        _device = _kernel.OpenDevice();
        _session = _kernel.Create(_device, "s");
        _file = _kernel.MemfdWith("content"u8);
    }

    public static TheoryData<KernelCall> Calls { get; } =
        new(Enum.GetValues<KernelCall>().Where(static call => call is not (KernelCall.Any or KernelCall.Close or KernelCall.MUnmap)));

    public void Dispose()
    {
        _file.Dispose();
        _machine.Dispose();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void EveryCall_IsRefusedOnce_WithTheErrnoThatWasAsked(KernelCall call)
    {
        InjectedFault fault = _machine.Faults.FailCall(call, Errno.EAGAIN);
        Assert.False(fault.HasFired);
        long before = _machine.Faults.CountCalls(call);
        Assert.Equal(EAGAIN, Make(call));
        Assert.True(fault.HasFired);
        Assert.Equal(before + 1, _machine.Faults.CountCalls(call));
        if (call is not KernelCall.Reboot)
        {
            Assert.NotEqual(EAGAIN, Make(call));
        }
    }

    [Fact]
    public void Number_CountsFromNow_AndOnlyItsOwnCalls()
    {
        InjectedFault fault = _machine.Faults.FailCall(KernelCall.PWrite, Errno.ENOSPC, 3);
        Assert.Equal(1, _kernel.PWrite(_file, "1"u8, 0));
        Assert.Equal(7, _kernel.PRead(_file, new byte[7], 0));
        Assert.Equal(1, _kernel.PWrite(_file, "2"u8, 0));
        Assert.False(fault.HasFired);
        Assert.Contains("armed", fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(ENOSPC, _kernel.PWrite(_file, "3"u8, 0));
        Assert.Equal("2ontent"u8, _kernel.Content(_file, 7));
        Assert.Equal(1, _kernel.PWrite(_file, "4"u8, 0));
        Assert.Contains("fired", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnyCall_CountsAll_AndTwoFaultsCountEachForItself()
    {
        InjectedFault any = _machine.Faults.FailCall(KernelCall.Any, Errno.EINTR, 2);
        InjectedFault status = _machine.Faults.FailCall(KernelCall.FStat, Errno.EIO, 2);
        Assert.Equal(0, _kernel.FStat(_file, out _));
        Assert.Equal(-4, _kernel.LSeek(_file, 0, SeekOrigin.Begin));
        Assert.Equal(EIO, _kernel.FStat(_file, out _));
        Assert.True(any.HasFired && status.HasFired);
    }

    [Fact]
    public void Close_ClosesWhateverItAnswers()
    {
        _machine.Faults.FailCall(KernelCall.Close, Errno.EIO);
        Assert.Equal(EIO, _kernel.Close(_session.Fd));
        Assert.Equal(EBADF, _kernel.Close(_session.Fd));
        Assert.Equal(0, _kernel.TryCreate(_device, "s", out _));
    }

    [Fact]
    public void Clear_Disarms_AndDeadProcessesDoNotCount()
    {
        InjectedFault fault = _machine.Faults.FailCall(KernelCall.Any, Errno.EIO);
        _machine.Faults.Clear();
        using (Descriptor other = _kernel.Memfd())
        {
            Assert.False(fault.HasFired);
        }

        _kernel.Exit();
        long count = _machine.Faults.CountCalls();
        Assert.Throws<InvalidOperationException>(() => _kernel.MemfdCreate("late", 0));
        Assert.Equal(count, _machine.Faults.CountCalls());
    }

    [Fact]
    public void Arguments_AreChecked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.FailCall(KernelCall.Open, Errno.EIO, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.FailCall(KernelCall.Open, Errno.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.FailCall((KernelCall)99, Errno.EIO));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.FailCopyBack(KernelCall.Ioctl));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.FailAllocation(AllocationKind.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.FailHandler((FileOperation)9, Errno.EIO));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.DamageFolio(FolioDamage.Overwritten, 1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.DamageFolio((FolioDamage)9, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.CountCalls((KernelCall)(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Faults.CountAllocations(AllocationKind.None));
    }

    // Makes a call with arguments that do not matter much: what it answers without the fault is no EAGAIN.
    private long Make(KernelCall call) => call switch
    {
        KernelCall.Open => _kernel.Open("/proc/cmdline", O_RDONLY),
        KernelCall.ReadDirectory => _kernel.ReadDirectory("/sys/kernel/debug/kho", out _),
        KernelCall.CreateSession => _kernel.TryCreate(_device, "t", out _),
        KernelCall.RetrieveSession => _kernel.TryRetrieveSession(_device, "t", out _),
        KernelCall.PreserveFd => _kernel.Preserve(_session, _file.Fd, 1),
        KernelCall.RetrieveFd => _kernel.TryRetrieve(_session, 1, out _),
        KernelCall.Finish => _kernel.Finish(_session),
        KernelCall.GetName => _kernel.Ioctl(_session, GetNameNumber, NameStructure("").AsSpan()),
        KernelCall.Ioctl => _kernel.Ioctl(_device, 0x5401, NameStructure("").AsSpan()),
        KernelCall.Fcntl => _kernel.Fcntl(_file, F_GETFL),
        KernelCall.MemfdCreate => Closed(_kernel.MemfdCreate("m", MFD_CLOEXEC)),
        KernelCall.FTruncate => _kernel.FTruncate(_file, 8),
        KernelCall.FAllocate => _kernel.FAllocate(_file, 0, 0, 8),
        KernelCall.FChmod => _kernel.FChmod(_file, 0x180),
        KernelCall.LSeek => _kernel.LSeek(_file, 0, SeekOrigin.Begin),
        KernelCall.Read => _kernel.Read(_file, new byte[1]),
        KernelCall.Write => _kernel.Write(_file, [1]),
        KernelCall.PRead => _kernel.PRead(_file, new byte[1], 0),
        KernelCall.PWrite => _kernel.PWrite(_file, [1], 0),
        KernelCall.FStat => _kernel.FStat(_file, out _),
        KernelCall.ReadLink => _kernel.ReadLink(_file, out _),
        KernelCall.MMap => Unmapped(_kernel.MMap(4096, 1, 1, _file, 0)),
        KernelCall.MAdvise => _kernel.MAdvise(0, 0, 0),
        KernelCall.KexecFileLoad => _kernel.Load(),
        KernelCall.Reboot => _kernel.Reboot(KexecCommand),
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    private long Closed(int fd) => fd < 0 ? fd : _kernel.Close(fd);

    private long Unmapped(nint address) => address is < 0 and >= -4095 ? address : _kernel.MUnmap(address, 4096);
}
