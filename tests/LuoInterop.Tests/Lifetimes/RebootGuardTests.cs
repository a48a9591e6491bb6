using LuoInterop.Emulation;
using LuoInterop.Tests.Support;
using Tmds.Linux;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves when a reboot is refused because the next kernel could panic on an empty block of sessions,
/// and when it is not.</summary>
public sealed class RebootGuardTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(KernelCall.CreateSession, Errno.EMFILE)]
    [InlineData(KernelCall.CreateSession, Errno.ENOMEM)]
    [InlineData(KernelCall.Open, Errno.EMFILE)]
    [InlineData(KernelCall.Open, Errno.ENFILE)]
    [InlineData(KernelCall.Open, Errno.EBUSY)]
    [InlineData(KernelCall.Open, Errno.EACCES)]
    public void WhatCannotBeSettled_IsRefused_AndTheRetryJumps(KernelCall call, Errno errno)
    {
        _machine.Create("held").HoldUntilKexec();
        KexecImage image = _machine.Load();
        _machine.Faults.FailCall(call, errno);
        var error = Assert.Throws<KernelException>(image.Reboot);
        Assert.Equal((errno, "reboot(KEXEC)"), (error.Errno, error.Operation));
        Assert.Contains("Nothing was lost", error.Message, StringComparison.Ordinal);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
        _machine.Boot();
        Assert.True(_machine.IsHandedOver("held"));
    }

    [Theory]
    [InlineData(KernelCall.Open, Errno.EBUSY)]
    [InlineData(KernelCall.Open, Errno.EACCES)]
    public void DeviceHeldElsewhere_LetsADeviceThatCannotBeHadPass(KernelCall call, Errno errno)
    {
        KexecImage image = _machine.Load();
        _machine.Faults.FailCall(call, errno);
        Assert.Throws<EmulatedKexecException>(() => image.Reboot(KexecRebootOptions.DeviceHeldElsewhere));
    }

    [Fact]
    public void DeviceHeldElsewhere_DoesNotLetThisProcessesOwnBlockPass()
    {
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel))
        {
            device.CreateSession("taken").HoldUntilKexec();
            _machine.Faults.FailCall(KernelCall.CreateSession, Errno.EMFILE, 2);
            Assert.Throws<KernelException>(() => device.CreateSession("taken"));
        }

        KexecImage image = _machine.Load();
        _machine.Faults.FailCall(KernelCall.Open, Errno.EBUSY);
        Assert.Equal(Errno.EBUSY, Assert.Throws<KernelException>(() => image.Reboot(KexecRebootOptions.DeviceHeldElsewhere)).Errno);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
    }

    [Theory]
    [InlineData(KernelCall.CreateSession, Errno.ENOSPC)]
    [InlineData(KernelCall.Open, Errno.EIO)]
    public void WhatLeavesNoBlock_IsNotRefused(KernelCall call, Errno errno)
    {
        KexecImage image = _machine.Load();
        InjectedFault fault = _machine.Faults.FailCall(call, errno);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
        Assert.True(fault.HasFired);
    }

    [Fact]
    public void KernelWithoutBlocks_FullOfSessions_IsNotRefused()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Release = "7.1.0-emulated" });
        EmulatedProcess kernel = machine.Boot();
        string path = Path.GetTempFileName();
        EmulatedKernelImage.Write(path, "7.1.0-emulated");

        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        var held = new List<LiveUpdateSession>();
        for (int i = 0; i < 819; i++)
        {
            held.Add(device.CreateSession($"s{i}"));
        }

        Assert.Equal(Errno.ENOMEM, Assert.Throws<KernelException>(() => device.CreateSession("one more")).Errno);
        Assert.Throws<EmulatedKexecException>(KexecImage.Load(kernel, path, null, "kho=on liveupdate=on").Reboot);
        Assert.Equal(819, held.Count);
        File.Delete(path);
    }

    [Fact]
    public void MissingDevice_IsRefused_OnlyWhereItHasBeenThere()
    {
        KexecImage image = _machine.Load();
        _machine.Faults.FailCall(KernelCall.Open, Errno.ENOENT);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
        _machine.Boot();
        LiveUpdateDevice.Open(_machine.Kernel).Dispose();
        image = _machine.Load();
        _machine.Faults.FailCall(KernelCall.Open, Errno.ENOENT);
        Assert.Equal(Errno.ENOENT, Assert.Throws<KernelException>(image.Reboot).Errno);
        Assert.Throws<EmulatedKexecException>(image.Reboot);
    }

    [Fact]
    public void KernelWithoutLiveUpdate_IsNotRefused()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = "kho=on liveupdate=off" });
        EmulatedProcess kernel = machine.Boot();
        string path = Path.GetTempFileName();
        EmulatedKernelImage.Write(path);

        Assert.Throws<EmulatedKexecException>(KexecImage.Load(kernel, path, null, "kho=on liveupdate=on").Reboot);
        File.Delete(path);
    }

    [Fact]
    public void SomethingElseOpenedAsTheDevice_TheRealOneIsSettled()
    {
        using LiveUpdateDevice wrong = LiveUpdateDevice.Open(_machine.Kernel, "/dev/null");
        RecordingKernel before = _machine.Kernel;
        _machine.Kexec();
        Assert.StartsWith(
            "create " + EmptyBlockGuardTests.Settle,
            Assert.Single(before.Calls, static call => call.StartsWith("create", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void DeviceStaysOpenUntilTheJump_AndIsClosedWhereItWasNotMade()
    {
        int opened = 0;
        RecordingKernel kernel = _machine.Kernel;
        var another = new RecordingKernel(((EmulatedProcess)kernel.Inner).StartProcess());
        kernel.BeforeReboot = () => opened = another.Open(LiveUpdateDevice.DefaultPath, LibC.O_RDWR);
        KexecImage image = _machine.Load();
        KexecImage.Unload(kernel);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => image.Reboot(KexecRebootOptions.ReplacedImage)).Errno);
        Assert.Equal(-(int)Errno.EBUSY, opened);
        LiveUpdateDevice.Open(another).Dispose();
    }

    [Fact]
    public void DisposedWhileACreateIsRefused_TheBlockIsRemovedAllTheSame()
    {
        LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        device.CreateSession("taken").HoldUntilKexec();
        _machine.Kernel.Calls.Clear();
        _machine.Kernel.Before = _ => device.Dispose();
        Assert.Equal(Errno.EEXIST, Assert.Throws<KernelException>(() => device.CreateSession("taken")).Errno);
        Assert.False(OutgoingSessions.Of(_machine.Kernel).MayHaveEmptyBlock);
        Assert.Equal(2, _machine.Kernel.Calls.Count);
        LiveUpdateDevice.Open(_machine.Kernel).Dispose();
    }

    [Fact]
    public void InterruptedThread_ClosesTheDeviceAllTheSame()
    {
        LiveUpdateDevice device = LiveUpdateDevice.Open(_machine.Kernel);
        bool interrupted = false;
        var thread = new Thread(() =>
        {
            Thread.CurrentThread.Interrupt();
            device.Dispose();
            try
            {
                Thread.Sleep(1);
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
        });
        lock (OutgoingSessions.Of(_machine.Kernel).Lock)
        {
            thread.Start();
            SpinWait.SpinUntil(() => thread.ThreadState == ThreadState.WaitSleepJoin);
        }

        thread.Join();
        Assert.True(interrupted);
        LiveUpdateDevice.Open(_machine.Kernel).Dispose();
    }
}
