using System.Runtime.CompilerServices;
using LuoInterop.Emulation;
using LuoInterop.Interop;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves that a create which failed with EEXIST does not leave the empty block that panics the next kernel.</summary>
public sealed class EmptyBlockGuardTests : IDisposable
{
    private const int SessionsOfABlock = 51;
    internal const string Settle = "luointerop-settle-";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    /// <summary>Refuses the create after the next one: the repair.</summary>
    private void RefuseRepair() => _machine.Faults.FailCall(KernelCall.CreateSession, Errno.EMFILE, 2);

    [Fact]
    public void CreateSession_NameTaken_CreatesAndClosesAUniqueSession()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        using LiveUpdateSession first = device.CreateSession("taken");
        _machine.Kernel.Calls.Clear();
        for (int round = 0; round < 2; round++)
        {
            var error = Assert.Throws<KernelException>(() => device.CreateSession("taken"));
            Assert.Equal((Errno.EEXIST, "taken"), (error.Errno, error.Session));
        }

        string[] calls = [.. _machine.Kernel.Calls];
        Assert.Equal(4, calls.Length);
        Assert.StartsWith("create " + Settle, calls[0], StringComparison.Ordinal);
        Assert.Equal(calls[0].Replace("create", "close", StringComparison.Ordinal), calls[1]);
        Assert.StartsWith("create " + Settle, calls[2], StringComparison.Ordinal);
        Assert.NotEqual(calls[0], calls[2]);
        Assert.False(OutgoingSessions.Of(_machine.Kernel).MayHaveEmptyBlock);
        Assert.Equal(1, _machine.Kernel.OpenSessions);
    }

    [Fact]
    public void CreateSession_NameTakenAndTheRepairFails_SaysSo()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        using LiveUpdateSession first = device.CreateSession("taken");
        RefuseRepair();
        var error = Assert.Throws<KernelException>(() => device.CreateSession("taken"));
        Assert.Equal(Errno.EEXIST, error.Errno);
        Assert.Contains("empty block", error.Message, StringComparison.Ordinal);
        Assert.Contains("EMFILE", error.Message, StringComparison.Ordinal);
        Assert.Contains("KexecImage.Reboot", error.Message, StringComparison.Ordinal);
        Assert.True(OutgoingSessions.Of(_machine.Kernel).MayHaveEmptyBlock);
    }

    [Fact]
    public void CreateSession_AfterAFailedRepair_RepairsWithTheNextCreate()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        using LiveUpdateSession first = device.CreateSession("taken");
        RefuseRepair();
        Assert.Throws<KernelException>(() => device.CreateSession("taken"));
        using LiveUpdateSession second = device.CreateSession("free");
        Assert.Equal("free", second.ReadName());
        Assert.False(OutgoingSessions.Of(_machine.Kernel).MayHaveEmptyBlock);
    }

    [Fact]
    public void CreateSession_OtherRefusal_RepairsNothing()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        _machine.Faults.FailCall(KernelCall.CreateSession, Errno.ENOSPC);
        Assert.Equal(Errno.ENOSPC, Assert.Throws<KernelException>(() => device.CreateSession("full")).Errno);
        Assert.False(OutgoingSessions.Of(_machine.Kernel).MayHaveEmptyBlock);
        Assert.Empty(_machine.Kernel.Calls);
    }

    [Fact]
    public void Reboot_WithABlockToRemove_RemovesItFirst()
    {
        LeaveARepairUndone();
        RecordingKernel before = _machine.Kernel;
        _machine.Kexec();
        string[] calls = [.. before.Calls.TakeLast(2)];
        Assert.StartsWith("create " + Settle, calls[0], StringComparison.Ordinal);
        Assert.StartsWith("close " + Settle, calls[1], StringComparison.Ordinal);
        Assert.True(_machine.IsHandedOver("taken"));
    }

    [Fact]
    public void Reboot_WhereTheBlockCannotBeRemoved_RefusesAndLosesNothing()
    {
        LeaveARepairUndone();
        KexecImage image = _machine.Load();
        _machine.Faults.FailCall(KernelCall.CreateSession, Errno.EMFILE);
        var error = Assert.Throws<KernelException>(image.Reboot);
        Assert.Equal((Errno.EMFILE, "reboot(KEXEC)"), (error.Errno, error.Operation));
        Assert.Contains("panics the next kernel", error.Message, StringComparison.Ordinal);
        _machine.Faults.FailCall(KernelCall.Open, Errno.EBUSY);
        Assert.Equal(Errno.EBUSY, Assert.Throws<KernelException>(image.Reboot).Errno);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
    }

    [Fact]
    public void NameTaken_WithAFullBlockThroughTheLibrary_TheNextKernelComesUp()
    {
        FillABlock();
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel))
        {
            Assert.Throws<KernelException>(() => device.CreateSession("s0"));
        }

        _machine.Kexec();
        Assert.True(_machine.IsHandedOver("s0"));
        Assert.True(_machine.IsHandedOver($"s{SessionsOfABlock - 1}"));
    }

    [Fact]
    public void NameTaken_WithAFullBlockPastTheLibrary_TheNextKernelPanics()
    {
        // The control: what the guard is for.
        FillABlock();
        FailACreatePastTheLibrary();
        _machine.Load();
        Assert.Throws<EmulatedKexecException>(() => _machine.Kernel.Reboot(RebootHeader.LINUX_REBOOT_CMD_KEXEC));
        Assert.Throws<EmulatedKernelPanicException>(_machine.Boot);
    }

    [Fact]
    public void NameTaken_WithAFullBlockByAnotherProcess_RebootThroughTheLibrary_TheNextKernelComesUp()
    {
        FillABlock();
        FailACreatePastTheLibrary();
        _machine.Kexec();
        Assert.True(_machine.IsHandedOver("s0"));
    }

    private void FailACreatePastTheLibrary()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        liveupdate_ioctl_create_session argument = default;
        argument.size = (uint)Unsafe.SizeOf<liveupdate_ioctl_create_session>();
        SessionName.Encode("s0", argument.name);
        Assert.Equal(
            -(int)Errno.EEXIST,
            _machine.Kernel.Ioctl(device.Handle, LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION, Bytes.Of(ref argument)));
    }

    private void FillABlock()
    {
        for (int number = 0; number < SessionsOfABlock; number++)
        {
            _machine.Create($"s{number}").HoldUntilKexec();
        }
    }

    private void LeaveARepairUndone()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        device.CreateSession("taken").HoldUntilKexec();
        RefuseRepair();
        Assert.Throws<KernelException>(() => device.CreateSession("taken"));
    }
}
