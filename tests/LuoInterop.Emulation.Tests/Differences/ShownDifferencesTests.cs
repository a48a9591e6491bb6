using System.Runtime.InteropServices;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Tests.Profiles;
using Tmds.Linux;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Differences;

/// <summary>Shows what the emulated kernel does otherwise than Linux, where no other test does.</summary>
public sealed class ShownDifferencesTests
{
    private const int Page = 4096;

    [Fact]
    [Difference("memory-of-the-process")]
    public void Memory_EndsWithItsMachine()
    {
        using (var machine = new EmulatedMachine())
        {
            EmulatedProcess kernel = machine.Boot();
            Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), kernel.MemfdWith([1]).Fd, 1));
            machine.Kexec();
        }

        using var other = new EmulatedMachine();
        Assert.Equal(ENOENT, other.Boot().TryRetrieveSession(other.Kernel.OpenDevice(), "s", out _));
        Assert.Equal(ENOENT, other.Kexec().TryRetrieveSession(other.Kernel.OpenDevice(), "s", out _));
    }

    [Fact]
    [Difference("retrieved-inode")]
    public void RetrievedFile_KeepsItsInode_UnlessItWasCopied()
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor file = kernel.MemfdWith([1]);
        Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
        EmulatedProcess next = machine.Kexec();
        using Descriptor retrieved = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal(0, Kernel.Linux.FStat(file, out FileStatus before));
        Assert.Equal(0, Kernel.Linux.FStat(retrieved, out FileStatus after));
        Assert.Equal((before.Device, before.Inode), (after.Device, after.Inode));
    }

    [Theory]
    [Difference("folio-orders")]
    [InlineData(0)]
    [InlineData(9)]
    public void FolioOrders_AreTheMachinesOptions(int order)
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { LargestFolioOrder = order });
        EmulatedProcess kernel = machine.Boot();
        using Descriptor file = kernel.Memfd(size: 2 << 20);
        Assert.Equal(0, kernel.FAllocate(file, 0, 0, 2 << 20));
        Assert.Empty(kernel.Running.Handover.Memory.Folios);
        Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), file.Fd, 1));
        EmulatedProcess next = machine.Kexec();
        FolioRange range = Assert.Single(next.Running.Handover.Memory.Folios);
        Assert.Equal(order, range.OrderAt(range.FirstPfn));
        Assert.Equal(0, next.Finish(next.RetrieveSession(next.OpenDevice(), "s")));
        Assert.Empty(next.Running.Handover.Memory.Folios);
    }

    /// <summary>The thread gives up what root has, for itself alone: the C library would do it for all threads.</summary>
    [Fact]
    [Difference("everybody-is-root")]
    public void Permissions_AreNotChecked()
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(static () =>
        {
            if ((uint)LibC.geteuid() == 0)
            {
                Assert.Equal(
                    0, (int)LibC.syscall(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117, 65534, 65534, 65534));
            }

            Assert.NotEqual(0u, (uint)LibC.geteuid());
            using var machine = new EmulatedMachine();
            EmulatedProcess kernel = machine.Boot();
            kernel.OpenDevice().Dispose();
            Assert.Equal(0, kernel.Load());
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        }));
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [Fact]
    [Difference("descriptor-limit")]
    public void DescriptorLimit_DoesNotCountMemoryFiles()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { DescriptorLimit = 2 });
        EmulatedProcess kernel = machine.Boot();
        using Descriptor a = kernel.Memfd(), b = kernel.Memfd(), c = kernel.Memfd();
        using Descriptor device = kernel.OpenDevice();
        using Descriptor session = kernel.Create(device, "s");
        Assert.Equal(EMFILE, kernel.TryCreate(device, "more", out _));
    }

    [Fact]
    [Difference("no-lost-pages")]
    public void Linux619_LosesNoPage()
    {
        using EmulatedMachine machine = Releases.Machine("6.19");
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor file = kernel.Memfd(size: 3 * Page);
        Assert.Equal(0, kernel.FAllocate(file, 0, 0, 3 * Page));
        Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
        Assert.Equal(1, kernel.PWrite(file, [7], Page));
        EmulatedProcess next = machine.Kexec("6.19", Releases.On);
        using Descriptor retrieved = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal([7], next.Content(retrieved, 1, Page));
        Assert.Equal(3 * Page / 512, next.Status(retrieved).Blocks);
    }

    [Fact]
    [Difference("failed-reboot-forgets-nothing")]
    public void Linux619_FailedReboot_ForgetsNothing()
    {
        using EmulatedMachine machine = Releases.Machine("6.19");
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([1]).Fd, 1));
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([2]).Fd, 2));
        InjectedFault fault = machine.Faults.FailHandler(FileOperation.Freeze, Errno.EIO, token: 2);
        Assert.Equal(0, kernel.Load("6.19.6"));
        Assert.Equal(EIO, kernel.Reboot(KexecCommand));
        Assert.True(fault.HasFired);
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        EmulatedProcess next = machine.Boot();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        Assert.Equal([1], next.Content(next.Retrieve(retrieved, 1), 1));
        Assert.Equal([2], next.Content(next.Retrieve(retrieved, 2), 1));
    }

    [Theory]
    [Difference("wrong-session-leaks-nothing")]
    [InlineData("6.19")]
    [InlineData("7.0")]
    [InlineData("7.1")]
    public void WrongKindOfSession_LosesNoPageForEver(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        using Descriptor file = kernel.Memfd(size: 1 << 20);
        using (Descriptor session = kernel.Create(device, "s"))
        {
            Assert.Equal(0, kernel.Preserve(session, file.Fd, 1));
            Assert.Equal(0, kernel.Finish(session));
        }

        Assert.Equal(EPERM, kernel.FTruncate(file, Page));
        file.Dispose();
        machine.Kexec(release, Releases.On);
        Assert.Empty(machine.Kexec(release, Releases.On).Running.Handover.Memory.Folios);
    }

    /// <summary>A fault refuses a session; without one a small machine takes as many as its pages have room for.</summary>
    [Fact]
    [Difference("allocations-never-fail-alone")]
    public void SmallAllocations_FailOnlyByFaults()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { MemorySize = 256 << 20 });
        EmulatedProcess kernel = machine.Boot();
        Descriptor device = kernel.OpenDevice();
        InjectedFault fault = machine.Faults.FailAllocation(AllocationKind.Slab, 1);
        Assert.Equal(ENOMEM, kernel.TryCreate(device, "refused", out _));
        Assert.True(fault.HasFired);
        Assert.All(Enumerable.Range(0, 20_000), i => Assert.Equal(0, kernel.TryCreate(device, $"s{i}", out _)));
    }
}
