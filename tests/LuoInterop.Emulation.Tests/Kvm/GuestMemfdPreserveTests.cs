using System.Buffers.Binary;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using LuoInterop.Kho;
using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Preserves VMs and guest_memfds, as the posting 20260728121138.1103610-1-tarunsahu@google.com says.</summary>
public class GuestMemfdPreserveTests
{
    [Fact]
    public void GuestMemfd_PlainKernel_HasNoHandler()
    {
        using EmulatedMachine machine = Vmm.Machine("7.3.4");
        Assert.Null(machine.Boot().Running.Kvm);
    }

    [Theory]
    [InlineData(0, ENOENT)]
    [InlineData(1, ENOENT)]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    public void GuestMemfd_OnlyFullySharedIsTaken(ulong flags, int expected)
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel, options: (GuestMemfdOptions)flags);
        using Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Assert.Equal(expected, vmm.Preserve(session, withVm: false));
        Assert.Equal(expected == 0, vmm.Inode.IsFrozen);
    }

    [Fact]
    public void GuestMemfd_VcpusAndTheDevice_AreNotTaken()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel);
        using Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Assert.Equal(ENOENT, kernel.Preserve(session, Vmm.Number(vmm.Vcpu.Handle), 1));
        Assert.Equal(ENOENT, kernel.Preserve(session, Vmm.Number(vmm.Device.Handle), 1));
    }

    [Fact]
    public void GuestMemfd_Twice_EBUSY_InAnySession()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel);
        Descriptor device = kernel.OpenDevice();
        using Descriptor session = kernel.Create(device, "vm");
        using Descriptor other = kernel.Create(device, "other");
        Assert.Equal(0, vmm.Preserve(session));
        Assert.Equal(EBUSY, kernel.Preserve(session, vmm.MemoryFd, 9));
        Assert.Equal(EBUSY, kernel.Preserve(other, vmm.VmFd, 9));
        Assert.True(vmm.Inode.IsFrozen);
        Assert.Equal(KvmExitReason.MemoryFault, vmm.Store(0, 1));
    }

    [Fact]
    public void GuestMemfd_Records_AreThoseOfThePosting_WithPresentPagesOnly_AndTheVmsTokenOfTheFreeze()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel, pages: 1000);
        vmm.Store(3, 0x33);
        vmm.Memory.Allocate(700 * Vmm.Page, 2 * Vmm.Page);
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Assert.Equal(0, vmm.Preserve(session));
        Assert.Equal(0, kernel.Load(Vmm.Preview));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));

        Handover handover = HandoverReader.Read(machine.Memory, machine.Handover!.Value.FdtAddress);
        HandoverFile[] files = [.. handover.Sessions[0].Files];
        Assert.Equal(["kvm_vm_luo_v1", "guest_memfd_luo_v1"], files.Select(static file => file.Record.Compatible));
        Assert.Equal([Vmm.VmToken, Vmm.MemoryToken], files.Select(static file => file.Record.Token));
        Assert.Equal(0UL, KvmLuoSer.Read(machine.Memory.Structure(files[0].Record.Data, KvmLuoSer.Size)).Type);
        GuestMemfdLuoSer ser = GuestMemfdLuoSer.Read(machine.Memory.Structure(files[1].Record.Data, GuestMemfdLuoSer.Size));
        Assert.Equal((1000UL * Vmm.Page, 3UL, 3UL, Vmm.VmToken), (ser.FileSize, ser.Flags, ser.NrFolios, ser.VmToken));
        ulong page = Assert.Single(KhoVmallocList.Read(machine.Memory, ser.Folios).Pages);
        GuestMemfdLuoFolioSer[] folios =
        [
            .. Enumerable.Range(0, 3).Select(i => GuestMemfdLuoFolioSer.Read(machine.Memory.Structure(page + ((ulong)i * 16), 16))),
        ];
        Assert.Equal([3UL, 700, 701], folios.Select(static folio => folio.Index));
        Assert.All(folios, static folio => Assert.Equal(1, folio.Flags));
        byte[] one = new byte[1];
        Assert.True(machine.Memory.TryRead(folios[0].Pfn << 12, one));
        Assert.Equal(0x33, one[0]);
    }

    [Fact]
    public void GuestMemfd_HolesAreKept_AndEveryPageComesBack()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel, pages: 3000);
        int[] pages = [0, 1, 5, 511, 512, 513, 2999];
        foreach (int page in pages)
        {
            vmm.Store(page, (byte)(page + 1));
        }

        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Assert.Equal(0, vmm.Preserve(session));
        kernel = machine.KexecPreview();
        session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal(pages.Select(static page => (long)page), resumed.Present());
        Assert.Equal(3000L * Vmm.Page, resumed.Memory.Size);
        foreach (int page in pages)
        {
            Assert.Equal((byte)(page + 1), resumed.Load(page));
        }

        Assert.Equal(0, kernel.Finish(session));
        Assert.Equal(KvmExitReason.Halt, resumed.Store(77, 1));
        resumed.Memory.PunchHole(0, 3000 * Vmm.Page);
        Assert.Empty(resumed.Present());
    }

    [Fact]
    public void GuestMemfd_WithoutAnyPage_ComesBackEmpty()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel, pages: 1 << 20);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Empty(resumed.Present());
        Assert.Equal(0, resumed.Load(5));
    }

    [Fact]
    public void GuestMemfd_Mappings_ShowTheRetrievedPages_AndAllocateAgain()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        vmm.Store(3, 0x44);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using var memory = new GuestMemfd(kernel.Retrieve(session, Vmm.MemoryToken), Vmm.Both);
        using MemfdMapping mapping = memory.Map();
        Assert.Equal(0x44, mapping.GetSpan(3 * Vmm.Page, 1)[0]);
        mapping.GetSpan(4 * Vmm.Page, 1)[0] = 1;
        Assert.Equal([3L, 4], Vmm.Pages(Vmm.InodeOf(kernel, memory.Handle)));
    }

    [Fact]
    public void GuestMemfd_InitSharedOnly_ComesBackWithItsFlags()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel, options: GuestMemfdOptions.InitShared);
        vmm.Memory.Allocate(0, Vmm.Page);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Descriptor memory = kernel.Retrieve(session, Vmm.MemoryToken);
        Assert.Equal(ENODEV, kernel.MMap(Vmm.Page, 3, 1, memory, 0));
        Assert.Equal((false, true), (Vmm.InodeOf(kernel, memory).SupportsMap, Vmm.InodeOf(kernel, memory).IsShared));
    }

    [Fact]
    public void GuestMemfd_PresentPages_MayBeWrittenUntilTheKexec()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        using MemfdMapping mapping = vmm.Memory.Map();
        vmm.Store(0, 1);
        vmm.Store(1, 1);
        Assert.Equal(0, vmm.Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        vmm.Store(0, 0xA0);
        mapping.GetSpan(Vmm.Page, 1)[0] = 0xB0;
        kernel = machine.KexecPreview();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Vmm resumed = Vmm.Resume(kernel, kernel.Retrieve(session, Vmm.VmToken), kernel.Retrieve(session, Vmm.MemoryToken));
        Assert.Equal((0xA0, 0xB0), (resumed.Load(0), resumed.Load(1)));
    }

    [Fact]
    public void GuestMemfd_Unpreserved_GivesBackEveryPage()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel, pages: 2000);
        vmm.Memory.Allocate(0, 1500 * Vmm.Page);
        Descriptor device = kernel.OpenDevice();
        ulong free = Preserve();
        Assert.Equal(free, Preserve());

        ulong Preserve()
        {
            using (Descriptor session = kernel.Create(device, "vm"))
            {
                Assert.Equal(0, vmm.Preserve(session));
            }

            return kernel.Running.Handover.Frames.FreeCount;
        }
    }

    [Fact]
    public void GuestMemfd_ThreeKernels()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(KvmExitReason.Halt, vmm.Store(i, (byte)(i + 1)));
            Assert.Equal(0, vmm.Preserve(session));
            kernel = machine.KexecPreview();
            Descriptor device = kernel.OpenDevice();
            Descriptor incoming = kernel.RetrieveSession(device, "vm");
            vmm = Vmm.Resume(kernel, kernel.Retrieve(incoming, Vmm.VmToken), kernel.Retrieve(incoming, Vmm.MemoryToken));
            Assert.Equal(0, kernel.Finish(incoming));
            incoming.Dispose();
            session = kernel.Create(device, "vm");
        }

        Assert.Equal([0L, 1, 2], vmm.Present());
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(vmm.Load));
    }

    [Fact]
    public void GuestMemfd_RestoredVm_IsNamedByACounter_AndKeepsItsTypeOnly()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        using KvmVm second = vmm.Device.CreateVm();
        Assert.Equal(vmm.VmFd.ToString(System.Globalization.CultureInfo.InvariantCulture), Vm(kernel, vmm.VmFd).Name);
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Assert.Equal(0, vmm.Preserve(session));
        Assert.Equal(0, kernel.Preserve(session, Vmm.Number(second.Handle), 5));
        kernel = machine.KexecPreview();
        session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Descriptor other = kernel.Retrieve(session, 5);
        using Descriptor vm = kernel.Retrieve(session, Vmm.VmToken);
        Assert.Equal(("1", "2"), (Vm(kernel, other.Fd).Name, Vm(kernel, vm.Fd).Name));
        Assert.Equal("anon_inode:kvm-vm", kernel.Link(vm));
        using KvmDevice device = KvmDevice.Open(kernel);
        using var resumed = new KvmVm(device, vm);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => resumed.RemoveMemory(0)).Errno);
        using KvmVcpu vcpu = resumed.CreateVcpu();
    }

    [Fact]
    public void GuestMemfd_RestoredMemory_GoesIntoItsVmOnly()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, Vmm.Create(kernel).Preserve(kernel.Create(kernel.OpenDevice(), "vm")));
        kernel = machine.KexecPreview();
        Descriptor session = kernel.RetrieveSession(kernel.OpenDevice(), "vm");
        using Descriptor memory = kernel.Retrieve(session, Vmm.MemoryToken);
        using KvmDevice device = KvmDevice.Open(kernel);
        using KvmVm other = device.CreateVm();
        KvmMemoryRegion region = Vmm.Region(memory, Vmm.Base, 16 * Vmm.Page);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => other.SetMemoryRegion(region)).Errno);
        using var own = new KvmVm(device, kernel.Retrieve(session, Vmm.VmToken));
        own.SetMemoryRegion(region);
    }

    private static VirtualMachine Vm(EmulatedProcess kernel, int fd) => ((VmFile)kernel.Descriptors.Get(fd)!).Vm;
}
