using LuoInterop.Kho;
using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Shows how a guest_memfd and its VM depend on each other across the kexec.</summary>
public class GuestMemfdOrderTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GuestMemfd_VmInNoSession_OrInAnother_FailsTheReboot_ENOENT_AndAllRunsOn(bool inAnother)
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        vmm.Store(0, 1);
        Descriptor device = kernel.OpenDevice();
        Descriptor memfds = kernel.Create(device, "memfds");
        using Descriptor memfd = kernel.MemfdWith([1, 2, 3]);
        Assert.Equal(0, kernel.Preserve(memfds, memfd.Fd, 1));
        Descriptor session = kernel.Create(device, "vm");
        Assert.Equal(0, vmm.Preserve(session, withVm: false));
        Descriptor other = kernel.Create(device, "other");
        Assert.Equal(0, inAnother ? kernel.Preserve(other, vmm.VmFd, Vmm.VmToken) : 0);
        Assert.Equal(0, kernel.Load(Vmm.Preview));
        Assert.Equal(ENOENT, kernel.Reboot(KexecCommand));
        Assert.Equal(ENOENT, kernel.Reboot(KexecCommand));

        // The guest runs on, as frozen as before; with the VM in the session the kexec is done.
        Assert.Equal(KvmExitReason.Halt, vmm.Store(0, 2));
        Assert.Equal(KvmExitReason.MemoryFault, vmm.Store(1, 1));
        other.Dispose();
        Assert.Equal(0, kernel.Preserve(session, vmm.VmFd, 77));
        kernel = machine.KexecPreview();
        session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, 77), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal(2, resumed.Load(0));
    }

    [Fact]
    public void GuestMemfd_VmsFileClosed_ENOENT_UnlessASessionHoldsIt()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.Create(device, "vm");
        Assert.Equal(0, vmm.Preserve(session, withVm: false));
        Assert.Equal(0, kernel.Load(Vmm.Preview));
        vmm.Vm.Dispose();
        Assert.Equal(ENOENT, kernel.Reboot(KexecCommand));
        session.Dispose();

        Vmm second = Vmm.Create(kernel);
        session = kernel.Create(device, "second");
        Assert.Equal(0, second.Preserve(session));
        second.Vm.Dispose();
        kernel = machine.KexecPreview();
        session = kernel.RetrieveSession(kernel.OpenDevice(), "second");
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal(0, resumed.Load(0));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void GuestMemfd_OrderIsFree_AtPreserveAndAtRetrieve(bool memoryIsPreservedFirst, bool memoryIsRetrievedFirst)
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        vmm.Store(3, 0x17);
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        (int, ulong)[] files = [(vmm.VmFd, Vmm.VmToken), (vmm.MemoryFd, Vmm.MemoryToken)];
        foreach ((int fd, ulong token) in memoryIsPreservedFirst ? files.Reverse() : files)
        {
            Assert.Equal(0, kernel.Preserve(session, fd, token));
        }

        kernel = machine.KexecPreview();
        session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        Descriptor? memory = memoryIsRetrievedFirst ? kernel.Retrieve(session, Vmm.MemoryToken) : null;
        Descriptor vm = kernel.Retrieve(session, Vmm.VmToken);
        memory ??= kernel.Retrieve(session, Vmm.MemoryToken);
        using Vmm resumed = Vmm.Resume(kernel, vm, memory);
        Assert.Equal(0x17, resumed.Load(3));
        Assert.Equal(0, kernel.Finish(session));
    }

    [Fact]
    public void GuestMemfd_FinishWithoutTheVm_DropsIt_AndTheMemoryIsUsable()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        vmm.Store(3, 0x17);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.RetrieveSession(device, "vm");
        using var memory = new GuestMemfd(kernel.Retrieve(session, Vmm.MemoryToken), Vmm.Both);
        Assert.Equal(0, kernel.Finish(session));
        Assert.Equal(ENOENT, kernel.TryRetrieve(session, Vmm.VmToken, out _));
        session.Dispose();
        using (MemfdMapping mapping = memory.Map())
        {
            Assert.Equal(0x17, mapping.GetSpan(3 * Vmm.Page, 1)[0]);
        }

        memory.Allocate(0, Vmm.Page);

        // It can be preserved again, but its VM has no file that could.
        Descriptor again = kernel.Create(device, "again");
        Assert.Equal(0, kernel.Preserve(again, Vmm.Number(memory.Handle), 1));
        Assert.Equal(0, kernel.Load(Vmm.Preview));
        Assert.Equal(ENOENT, kernel.Reboot(KexecCommand));
    }

    [Fact]
    public void GuestMemfd_FinishWithoutAny_FreesThePages()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel, pages: 700);
        vmm.Memory.Allocate(0, 700 * Vmm.Page);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        ulong before = kernel.Running.Handover.Frames.FreeCount;
        Assert.Equal(0, kernel.Finish(session));
        Assert.True(kernel.Running.Handover.Frames.FreeCount > before + 700);
        Assert.False(kernel.Running.Handover.Memory.Folios.Any());
    }

    [Fact]
    public void GuestMemfd_RetrievedTwice_IsTheSameFile()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, Vmm.Create(kernel).Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor device = kernel.OpenDevice();
        Descriptor session = kernel.RetrieveSession(device, "vm");
        Descriptor outgoing = kernel.Create(device, "next");
        using Descriptor first = kernel.Retrieve(session, Vmm.MemoryToken);
        using Descriptor second = kernel.Retrieve(session, Vmm.MemoryToken);
        Assert.Same(kernel.Descriptors.Get(first.Fd), kernel.Descriptors.Get(second.Fd));
        Assert.Equal(EBUSY, kernel.Preserve(outgoing, first.Fd, 1));
    }

    [Fact]
    public void GuestMemfd_BesideThePreviewOfHugePages()
    {
        const string Release = "7.3.4-rfc-hugetlb-rfc-guest-memfd";
        using EmulatedMachine machine = Vmm.Machine(Release);
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        vmm.Store(3, 0x17);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview(Release);
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal(0x17, resumed.Load(3));
    }

    [Fact]
    public void GuestMemfd_NextKernelWithoutThePreview_CannotOpenItsDevice_EIO()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        vmm.Store(0, 1);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview("7.3.5");
        Assert.Equal(EIO, kernel.Open("/dev/liveupdate", O_RDWR));
        Assert.Equal(EIO, kernel.Open("/dev/liveupdate", O_RDWR));
    }

    [Fact]
    public void GuestMemfd_FailedRetrieve_IsForEver_AlsoOfTheVmThatItPulls()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        vmm.Store(0, 1);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        machine.Faults.FailHandler(FileOperation.Retrieve, Errno.ENOMEM, token: Vmm.VmToken);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(ENOMEM, kernel.TryRetrieve(session, Vmm.MemoryToken, out _));
            Assert.Equal(ENOMEM, kernel.TryRetrieve(session, Vmm.VmToken, out _));
        }

        Assert.Equal(0, kernel.Finish(session));
        Assert.False(kernel.Running.Handover.Memory.Folios.Any());
    }

    /// <summary>The VM that is pulled belongs to whom asked for the memory: what kvm_create_vm does for every VM.
    /// A guess for the posting.</summary>
    [Fact]
    public void GuestMemfd_PulledVm_BelongsToTheProcessThatRetrieved_OthersEIO()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, Vmm.Create(kernel).Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        EmulatedProcess vmm = kernel.StartProcess();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Descriptor memory = kernel.Retrieve(session, Vmm.MemoryToken);
        using var passed = new Descriptor(vmm, kernel.SendDescriptor(vmm, session));
        using Descriptor vm = vmm.Retrieve(passed, Vmm.VmToken);
        Assert.Equal(EIO, vmm.Ioctl(vm, 0xAE03, 234));
        using Descriptor own = kernel.Retrieve(session, Vmm.VmToken);
        Assert.Equal(1, kernel.Ioctl(own, 0xAE03, 234));
    }
}
