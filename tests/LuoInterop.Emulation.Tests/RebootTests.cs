using LuoInterop.Kho;
using LuoInterop.Tests.Shared;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves reboot(2) and kexec_file_load(2) (contract 1.5 and 3.4).</summary>
public sealed class RebootTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Kexec_WithoutImage_IsEinval_AndTheSystemRunsOn()
    {
        EmulatedProcess kernel = _machine.Boot();
        Assert.Equal(EINVAL, kernel.Reboot(KexecCommand));
        Assert.Equal(EINVAL, kernel.Reboot(12345));
        Assert.Equal(0, kernel.Load());
        Assert.Equal("1\n", kernel.ReadText("/sys/kernel/kexec_loaded"));
        Assert.Equal(0, kernel.KexecFileLoad(null, null, "", KexecFileUnload));
        Assert.Equal("0\n", kernel.ReadText("/sys/kernel/kexec/loaded"));
        Assert.Equal(EINVAL, kernel.Reboot(KexecCommand));
        using Descriptor device = kernel.OpenDevice();
    }

    [Fact]
    public void FailedFreeze_IsReturnedUnchanged_AndRolledBack_AndCanBeRetried()
    {
        EmulatedProcess kernel = _machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Descriptor a = kernel.Create(device, "a");
        Descriptor b = kernel.Create(device, "b");
        Descriptor memory = kernel.MemfdWith([1]);
        Assert.Equal(0, kernel.Preserve(a, memory.Fd, 1));
        Assert.Equal(0, kernel.Preserve(b, kernel.MemfdWith([2]).Fd, 2));
        Assert.Equal(0, kernel.Preserve(b, kernel.MemfdWith([3]).Fd, 3));
        Assert.Equal(0, kernel.Load());
        InjectedFault fault = _machine.Faults.FailHandler(FileOperation.Freeze, (Errno)123, token: 3);
        Assert.Equal(-123, kernel.Reboot(KexecCommand));
        Assert.Equal(0UL, BitConverter.ToUInt64(kernel.ReadFile("/sys/kernel/debug/kho/out/sub_fdts/LUO"), 16));
        Assert.Equal(EEXIST, kernel.TryCreate(device, "a", out _));
        Assert.Equal(EEXIST, kernel.Preserve(b, memory.Fd, 3));
        using Descriptor c = kernel.Create(device, "c");

        Assert.True(fault.HasFired);
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        EmulatedProcess next = _machine.Boot();
        using Descriptor nextDevice = next.OpenDevice();
        using Descriptor nextB = next.RetrieveSession(nextDevice, "b");
        using Descriptor file = next.Retrieve(nextB, 3);
        Assert.Equal([3], next.Content(file, 1));
        using Descriptor nextC = next.RetrieveSession(nextDevice, "c");
    }

    [Fact]
    public void FailedFreeze_ThenFewerSessions_HandsOverOnlyThem()
    {
        EmulatedProcess kernel = _machine.Boot();
        Descriptor device = kernel.OpenDevice();
        var sessions = Enumerable.Range(0, 60).Select(i => kernel.Create(device, $"s{i}")).ToList();
        Assert.Equal(0, kernel.Preserve(sessions[59], kernel.Memfd(size: 1).Fd, 1));
        _machine.Faults.FailHandler(FileOperation.Freeze, Errno.EIO);
        Assert.Equal(0, kernel.Load());
        Assert.Equal(EIO, kernel.Reboot(KexecCommand));
        for (int i = 40; i < 60; i++)
        {
            sessions[i].Dispose();
        }

        EmulatedProcess next = _machine.Kexec();
        using Descriptor nextDevice = next.OpenDevice();
        using Descriptor last = next.RetrieveSession(nextDevice, "s39");
        Assert.Equal(ENOENT, next.TryRetrieveSession(nextDevice, "s40", out _));
    }

    [Fact]
    [Difference("reboot-throws")]
    public void DeadKernel_ThrowsFromEveryCall_ButCloseAndExit()
    {
        EmulatedProcess kernel = _machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.Create(device, "kept");
        Descriptor memory = kernel.MemfdWith([7]);
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        EmulatedProcess other = kernel.StartProcess();
        EmulatedProcess next = _machine.Kexec();
        Assert.True(kernel.HasEnded);
        Assert.Throws<EmulatedKexecException>(() => kernel.Open("/dev/null", 0));
        Assert.Throws<EmulatedKexecException>(() => kernel.Finish(session));
        Assert.Throws<EmulatedKexecException>(() => kernel.PRead(memory, new byte[1], 0));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.Throws<EmulatedKexecException>(() => other.StartProcess());
        Assert.Equal(0, kernel.Close(session.Fd));
        session.Dispose();
        device.Dispose();
        memory.Dispose();
        kernel.Exit();
        other.Exit();
        using Descriptor nextDevice = next.OpenDevice();
        using Descriptor retrieved = next.RetrieveSession(nextDevice, "kept");
        using Descriptor file = next.Retrieve(retrieved, 1);
        Assert.Equal([7], next.Content(file, 1));
    }

    [Fact]
    [Difference("frozen-sessions-throw")]
    public async Task CallThatWaitsWhileAnotherThreadKexecs_Throws()
    {
        EmulatedProcess kernel = _machine.Boot();
        Descriptor device = kernel.OpenDevice();
        Assert.Equal(0, kernel.Load());
        Task worker = Task.Run(() =>
        {
            for (int i = 0; ; i++)
            {
                kernel.Create(device, $"s{i}").Dispose();
            }
        });
        await Task.Delay(20);
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        await Assert.ThrowsAsync<EmulatedKexecException>(() => worker);
        using Descriptor next = _machine.Boot().OpenDevice();
    }

    [Theory]
    [InlineData(RestartCommand)]
    [InlineData(PowerOffCommand)]
    public void RestartAndPowerOff_CarryNothing(uint command)
    {
        EmulatedProcess kernel = _machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.Memfd(size: 4096).Fd, 1));
        Assert.Equal(0, kernel.Load());
        EmulatedRebootException end = Assert.Throws<EmulatedRebootException>(() => kernel.Reboot(command));
        Assert.Equal(command, end.Command);
        EmulatedProcess next = _machine.Boot();
        Assert.Equal("7.3.4-emulated", next.Release);
        Assert.Equal("0\n", next.ReadText("/sys/kernel/kexec_loaded"));
        Assert.Equal(ENOENT, next.TryRetrieveSession(next.OpenDevice(), "s", out _));
    }

    [Fact]
    public void Run_EndsAtPowerOff_AndRestartsAfterRestart()
    {
        int runs = 0;
        int result = _machine.Run(kernel => kernel.Reboot(++runs < 3 ? RestartCommand : PowerOffCommand));
        Assert.Equal(0, result);
        Assert.Equal(3, runs);
        Assert.False(_machine.IsRunning);
    }

    [Fact]
    public void Run_ClosesTheProcessWhenTheProgramEnds()
    {
        Assert.Equal(5, _machine.Run(kernel =>
        {
            kernel.Create(kernel.OpenDevice(), "s");
            return 5;
        }));
        Assert.Equal(6, _machine.Run(kernel =>
        {
            using Descriptor device = kernel.OpenDevice();
            Assert.Equal(0, kernel.TryCreate(device, "s", out _));
            return 6;
        }));
        Assert.Throws<InvalidOperationException>(() => _machine.Boot());
    }

    [Theory]
    [InlineData("7.2.6")]
    [InlineData("7.3")]
    [InlineData("7.3-rc1")]
    public void Images_OfKnownKernels_AreLoaded(string release)
    {
        EmulatedProcess kernel = _machine.Boot();
        Assert.Equal(0, kernel.Load(release));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.Equal(release, _machine.Boot().Release);
    }

    [Theory]
    [InlineData("7.4.0")]
    [InlineData("7.30.1")]
    [InlineData("6.17.13")]
    public void Images_OfOtherKernels_AreEnoexec(string release) => Assert.Equal(ENOEXEC, _machine.Boot().Load(release));

    [Fact]
    public void KexecFileLoad_ChecksFlagsThenFileThenImageThenInitrdThenCommandLine()
    {
        EmulatedProcess kernel = _machine.Boot();
        string path = Path.GetTempFileName();
        try
        {
            using var image = new MemoryStream();
            EmulatedKernelImage.Write(image);
            Assert.Equal(EINVAL, kernel.KexecFileLoad(null, null, "", 0x40));
            Assert.Equal(EBADF, kernel.KexecFileLoad(null, null, "", 0));
            Assert.Equal(EINVAL, LoadFile([], 0, O_RDONLY));
            Assert.Equal(ENOEXEC, LoadFile(new byte[100], 0, O_RDONLY));
            Assert.Equal(ENOEXEC, LoadFile(new byte[4096], 0, O_RDONLY));
            Assert.Equal(EBADF, LoadFile(image.ToArray(), 0, O_RDONLY));
            Assert.Equal(EBADF, LoadFile(image.ToArray(), KexecFileNoInitramfs, O_WRONLY));
            Assert.Equal(ETXTBSY, LoadFile(image.ToArray(), KexecFileNoInitramfs, O_RDWR));
            Assert.Equal(-99, LoadFile(image.ToArray(), KexecFileNoInitramfs | KexecFileOnCrash, O_RDONLY));
            Assert.Equal(EINVAL, LoadFile(image.ToArray(), KexecFileNoInitramfs, O_RDONLY, new string('x', 2047)));
            Assert.Equal(0, LoadFile(image.ToArray(), KexecFileNoInitramfs, O_RDONLY, new string('x', 2046)));
            foreach (int offset in (int[])[0x1fe, 0x202, 0x211, 0x236])
            {
                byte[] broken = image.ToArray();
                broken[offset] = 0;
                Assert.Equal(ENOEXEC, LoadFile(broken, KexecFileNoInitramfs, O_RDONLY));
            }

            using Descriptor device = kernel.OpenDevice();
            Assert.Equal(EINVAL, kernel.KexecFileLoad(device, null, "", KexecFileNoInitramfs));
        }
        finally
        {
            File.Delete(path);
        }

        int LoadFile(byte[] bytes, uint flags, int mode, string commandLine = "")
        {
            WrittenFile.Write(path, bytes);
            using var file = new Descriptor(kernel, kernel.Open(path, mode));
            return kernel.KexecFileLoad(file, null, commandLine, flags);
        }
    }

    [Theory]
    [InlineData("liveupdate=on kho=off", false, false)]
    [InlineData("kho=1", true, false)]
    [InlineData("kho=y liveupdate=off", true, false)]
    [InlineData("liveupdate=off liveupdate=1 kho=on", true, true)]
    [InlineData("kho=on -- liveupdate=on", true, false)]
    public void CommandLine_DecidesOnKhoAndTheDevice(string commandLine, bool kho, bool device)
    {
        EmulatedProcess kernel = _machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.Memfd(size: 4096).Fd, 1));
        EmulatedProcess next = _machine.Kexec(commandLine);
        Assert.Equal(commandLine, next.CommandLine);
        Assert.Equal(commandLine + "\n", next.ReadText("/proc/cmdline"));
        Assert.Equal(kho ? 0 : ENOENT, next.ReadDirectory("/sys/kernel/debug/kho", out _));
        int fd = next.Open("/dev/liveupdate", O_RDWR);
        Assert.Equal(device ? 1 << 30 : ENOENT, fd);

        // Held until the next boot, and not carried further by a kernel that did not take it over.
        Assert.Single(next.Running.Handover.Memory.Folios);
        EmulatedProcess third = _machine.Kexec();
        Assert.Empty(third.Running.Handover.Memory.Folios);
        Assert.Equal(ENOENT, third.TryRetrieveSession(third.OpenDevice(), "s", out _));
    }

    [Fact]
    public void Counters_GrowWithEachHandover_AndStartAgainWithoutLuo()
    {
        EmulatedProcess kernel = _machine.Boot();
        Assert.Equal((1UL, 1u), Counters(kernel));
        kernel = _machine.Kexec();
        Assert.Equal((2UL, 2u), Counters(kernel));
        kernel = _machine.Kexec();
        Assert.Equal((3UL, 3u), Counters(kernel));
        _machine.Kexec("kho=on liveupdate=off");
        kernel = _machine.Kexec();
        Assert.Equal((1UL, 5u), Counters(kernel));

        static (ulong Updates, uint Kexecs) Counters(EmulatedProcess kernel) => (
            BitConverter.ToUInt64(kernel.ReadFile("/sys/kernel/debug/kho/out/sub_fdts/LUO"), 8),
            BitConverter.ToUInt32(kernel.ReadFile("/sys/kernel/debug/kho/out/sub_fdts/kexec-metadata"), 69));
    }

    [Fact]
    public void Description_SaysThatItIsEmulated()
    {
        EmulatedProcess kernel = _machine.Boot();
        Assert.Contains("emulated", kernel.Description, StringComparison.Ordinal);
        Assert.Contains("does not survive a real kexec", kernel.Description, StringComparison.Ordinal);
    }
}
