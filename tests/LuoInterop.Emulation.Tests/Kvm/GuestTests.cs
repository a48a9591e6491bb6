using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Runs programs as guests.</summary>
public class GuestTests
{
    [Fact]
    public void Device_IsTheHostsOnAPlainKernel_AndTheEmulationsWithThePreview()
    {
        using var plain = new EmulatedMachine();
        EmulatedProcess kernel = plain.Boot();
        int fd = kernel.Open("/dev/kvm", O_RDWR | O_CLOEXEC);
        Assert.True(fd < 1 << 30);
        Assert.Equal(0, fd < 0 ? 0 : kernel.Close(fd));

        using EmulatedMachine preview = Vmm.Machine();
        kernel = preview.Boot();
        using var file = new Descriptor(kernel, kernel.Open("/dev/kvm", O_RDWR | O_CLOEXEC));
        Assert.True(file.Fd >= 1 << 30);
        Assert.Equal("/dev/kvm", kernel.Link(file));
        Assert.Equal(12, kernel.Ioctl(file, 0xAE00, 0));
        using var again = new Descriptor(kernel, kernel.Open($"/proc/self/fd/{file.Fd}", O_RDWR));
        Assert.Equal("/dev/kvm", kernel.Link(again));
    }

    [Fact]
    public void Configuration_NamesThePreview()
    {
        using EmulatedMachine machine = Vmm.Machine();
        byte[] packed = machine.Boot().ReadFile("/proc/config.gz");
        using var gzip = new System.IO.Compression.GZipStream(new MemoryStream(packed), System.IO.Compression.CompressionMode.Decompress);
        using var text = new StreamReader(gzip);
        Assert.Contains("CONFIG_LIVEUPDATE_GUEST_MEMFD=y", text.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Guest_TouchesMemory_AndThePagesComeIntoBeing()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        Assert.Empty(vmm.Present());
        Assert.Equal(KvmExitReason.Halt, vmm.Store(3, 0x5A));
        Assert.Equal([3L], vmm.Present());
        Assert.Equal(0, vmm.Load(7));
        Assert.Equal([3L, 7L], vmm.Present());
        using MemfdMapping mapping = vmm.Memory.Map();
        Assert.Equal(0x5A, mapping.GetSpan(3 * Vmm.Page, 1)[0]);
        mapping.GetSpan(9 * Vmm.Page, 1)[0] = 1;
        Assert.Equal(1, vmm.Load(9));
    }

    [Fact]
    public void Guest_CrossesPages()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        byte[] data = new byte[3 * Vmm.Page];
        new Random(1).NextBytes(data);
        byte[] read = new byte[data.Length];
        Assert.Equal(KvmExitReason.Halt, vmm.Run(guest =>
        {
            guest.Write(Vmm.Base + 100, data);
            guest.Read(Vmm.Base + 100, read);
        }));
        Assert.Equal(data, read);
        Assert.Equal([0L, 1, 2, 3], vmm.Present());
    }

    [Fact]
    public void Guest_OutsideOfItsMemory_ExitsForMmio_AndGoesOnWithTheAnswer()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        byte seen = 0;
        Assert.Equal(KvmExitReason.Mmio, vmm.Run(guest =>
        {
            Span<byte> value = stackalloc byte[1];
            guest.Read(0x9000, value);
            seen = value[0];
        }));
        Assert.Equal(new KvmMmioAccess(0x9000, 1, IsWrite: false), vmm.Vcpu.MmioAccess);
        vmm.Vcpu.MmioData[0] = 0x77;
        Assert.Equal(KvmExitReason.Halt, vmm.Vcpu.Run());
        Assert.Equal(0x77, seen);
        Assert.Equal(KvmExitReason.InternalError, vmm.Run(static guest => guest.Write(0x9000, new byte[9])));
    }

    [Fact]
    public void Guest_WithoutAProgram_OrWithAnInstructionThatNobodyKnows_InternalError()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        Assert.Equal(KvmExitReason.InternalError, vmm.Vcpu.Run());
        Assert.Equal(1u, vmm.Vcpu.InternalError);
        Assert.Equal(KvmExitReason.InternalError, vmm.Run(static guest => guest.Fail()));
    }

    [Fact]
    public void Guest_KeepsItsRegisters_AndItsVmmSeesThem()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        vmm.Vcpu.Registers = new KvmRegisters { Rax = 5, Rflags = 2 };
        Assert.Equal(KvmExitReason.Halt, vmm.Run(static guest => guest.Registers = guest.Registers with { Rbx = guest.Registers.Rax + 1 }));
        Assert.Equal(6UL, vmm.Vcpu.Registers.Rbx);
    }

    [Fact]
    public void Guest_ThatCatchesItsExit_HasStoppedAllTheSame()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        EmulatedGuest? kept = null;
        Assert.Equal(KvmExitReason.Mmio, vmm.Run(guest =>
        {
            kept = guest;
            Assert.ThrowsAny<Exception>(() => guest.Write(0x9000, [1]));
            Assert.ThrowsAny<Exception>(() => guest.Write(Vmm.Base, [1]));
        }));
        Assert.Empty(vmm.Present());
        Assert.Throws<InvalidOperationException>(() => kept!.Halt());
    }

    [Fact]
    public void Guest_ThatThrows_ThrowsOutOfTheRun()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        Assert.Throws<FormatException>(() => vmm.Run(static _ => throw new FormatException()));
        Assert.Equal(KvmExitReason.Halt, vmm.Store(0, 1));
    }

    [Fact]
    public async Task Guest_RunsWithoutTheKernelsLock()
    {
        using EmulatedMachine machine = Vmm.Machine();
        using Vmm vmm = Vmm.Create(machine.Boot());
        using var inside = new ManualResetEventSlim();
        using var done = new ManualResetEventSlim();
        Task run = Task.Run(() => vmm.Run(_ =>
        {
            inside.Set();
            done.Wait();
        }));
        inside.Wait();
        vmm.Memory.Allocate(0, Vmm.Page);
        using KvmVcpu second = vmm.Vm.CreateVcpu(1);
        Assert.Equal(KvmExitReason.Halt, vmm.Run(second, static guest => guest.Write(Vmm.Base, [1])));
        done.Set();
        await run;
    }

    [Fact]
    public void Guest_OfADeadKernel_TouchesNothing()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        Assert.Equal(0, kernel.Load(Vmm.Preview));
        Assert.Throws<EmulatedKexecException>(() => vmm.Run(guest =>
        {
            guest.Write(Vmm.Base, [1]);
            Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
            guest.Write(Vmm.Base + Vmm.Page, [1]);
        }));
        Assert.Throws<EmulatedKexecException>(() => vmm.Vcpu.Run());
    }

    [Fact]
    public void ImmediateExit_Interrupts_BeforeTheProgram()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel);
        kernel.SetGuest(vmm.Vcpu.Handle, static guest => guest.Fail());
        nint shared = kernel.MMap(4096, 3, 1, vmm.Vcpu.Handle, 0);
        System.Runtime.InteropServices.Marshal.WriteByte(shared, 1, 1);
        Assert.Equal(KvmExitReason.Interrupted, vmm.Vcpu.Run());
        System.Runtime.InteropServices.Marshal.WriteByte(shared, 1, 0);
        Assert.Equal(KvmExitReason.InternalError, vmm.Vcpu.Run());
        Assert.Equal(0, kernel.MUnmap(shared, 4096));
    }

    [Fact]
    public void SetGuest_OfWhatIsNoVcpu_IsAnArgumentError()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel);
        Assert.Throws<ArgumentException>(() => kernel.SetGuest(vmm.Vm.Handle, static guest => guest.Halt()));
        using Descriptor memfd = kernel.Memfd();
        Assert.Throws<ArgumentException>(() => kernel.SetGuest(memfd, static guest => guest.Halt()));
    }

    [Fact]
    public void Mapping_PartlyUnmapped_KeepsTheFileUntilTheRestIs()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel);
        nint address = kernel.MMap(16 * Vmm.Page, 3, 1, vmm.Memory.Handle, 0);
        Assert.Equal(0, kernel.MUnmap(address + (4 * Vmm.Page), 4 * Vmm.Page));
        Assert.Equal(2, kernel.Running.Kvm!.Mappings.Count);
        vmm.Memory.Dispose();
        Assert.Equal(KvmExitReason.Halt, vmm.Store(0, 0x31));
        Assert.Equal(0x31, System.Runtime.InteropServices.Marshal.ReadByte(address));

        // Not the whole range at once: what was unmapped first may be the runtime's by now.
        Assert.Equal(0, kernel.MUnmap(address, 4 * Vmm.Page));
        Assert.Equal(1, kernel.Running.Kvm.Mappings.Count);
        Assert.Equal(0, kernel.MUnmap(address + (8 * Vmm.Page), 8 * Vmm.Page));
        Assert.Equal(0, kernel.Running.Kvm.Mappings.Count);
        Assert.Equal(KvmExitReason.MemoryFault, vmm.Store(0, 0x31));
        Assert.Equal(Errno.EFAULT, vmm.Vcpu.MemoryFault.Errno);
    }

    [Fact]
    public void Vm_OfAnotherProcess_EIO_AndItsMemoryWorks()
    {
        using EmulatedMachine machine = Vmm.Machine();
        EmulatedProcess kernel = machine.Boot();
        using Vmm vmm = Vmm.Create(kernel);
        EmulatedProcess other = kernel.StartProcess();
        using var vm = new Descriptor(other, kernel.SendDescriptor(other, vmm.Vm.Handle));
        using var vcpu = new Descriptor(other, kernel.SendDescriptor(other, vmm.Vcpu.Handle));
        using var memory = new Descriptor(other, kernel.SendDescriptor(other, vmm.Memory.Handle));
        Assert.Equal(EIO, other.Ioctl(vm, 0xAE03, 234));
        Assert.Equal(EIO, other.Ioctl(vcpu, 0xAE80, 0));
        Assert.Equal(0, other.FAllocate(memory, Vmm.KeepSize, 0, Vmm.Page));
        Assert.Equal([0L], vmm.Present());
    }
}
