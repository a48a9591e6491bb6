using System.Runtime.InteropServices;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Kvm;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Is a small VMM: a VM with one guest_memfd at <see cref="Base"/> and one vCPU, on the library's own bindings.</summary>
internal sealed class Vmm : IDisposable
{
    public const string Preview = "7.3.4-rfc-guest-memfd";
    public const int Page = 4096;
    public const ulong Base = 4UL << 30, VmToken = 0x1001, MemoryToken = 0x1002;
    public const GuestMemfdOptions Both = GuestMemfdOptions.Map | GuestMemfdOptions.InitShared;
    public const int KeepSize = 1, PunchHole = 3;

    private Vmm(EmulatedProcess kernel, KvmDevice device, KvmVm vm, GuestMemfd memory)
    {
        Kernel = kernel;
        Device = device;
        Vm = vm;
        Memory = memory;
    }

    public EmulatedProcess Kernel { get; }

    public KvmDevice Device { get; }

    public KvmVm Vm { get; }

    public GuestMemfd Memory { get; }

    public KvmVcpu Vcpu { get; private set; } = null!;

    /// <summary>Gets what the emulated kernel holds of the memory.</summary>
    public GuestMemfdInode Inode => InodeOf(Kernel, Memory.Handle);

    public int MemoryFd => Number(Memory.Handle);

    public int VmFd => Number(Vm.Handle);

    public static EmulatedMachine Machine(string release = Preview) => new(new EmulatedMachineOptions { Release = release });

    /// <summary>Makes a VM, its memory, a region and a vCPU.</summary>
    public static Vmm Create(EmulatedProcess kernel, int pages = 16, GuestMemfdOptions options = Both)
    {
        KvmDevice device = KvmDevice.Open(kernel);
        KvmVm vm = device.CreateVm();
        return new Vmm(kernel, device, vm, vm.CreateGuestMemfd((long)pages * Page, options)).Build();
    }

    /// <summary>Makes the rest of a VM around what was retrieved.</summary>
    public static Vmm Resume(EmulatedProcess kernel, Descriptor vm, Descriptor memory, GuestMemfdOptions options = Both)
    {
        KvmDevice device = KvmDevice.Open(kernel);
        return new Vmm(kernel, device, new KvmVm(device, vm), new GuestMemfd(memory, options)).Build();
    }

    public static GuestMemfdInode InodeOf(EmulatedProcess kernel, SafeHandle memory) =>
        ((GuestMemfdFile)kernel.Descriptors.Get(Number(memory))!).Inode;

    public static int Number(SafeHandle handle) => (int)handle.DangerousGetHandle();

    public static KvmMemoryRegion Region(SafeHandle memory, ulong address, long size, uint slot = 0) => new()
    {
        Slot = slot,
        Options = KvmMemoryOptions.GuestMemfd,
        GuestAddress = address,
        Size = (ulong)size,
        GuestMemfd = memory,
    };

    /// <summary>Lets the guest do something once, and says why it stopped.</summary>
    public KvmExitReason Run(Action<EmulatedGuest> program) => Run(Vcpu, program);

    public KvmExitReason Run(KvmVcpu vcpu, Action<EmulatedGuest> program)
    {
        Kernel.SetGuest(vcpu.Handle, program);
        return vcpu.Run();
    }

    public KvmExitReason Store(int page, byte value) => Run(guest => guest.Write(Base + ((ulong)page * Page), [value]));

    /// <summary>Lets the guest load the first byte of a page: it, or -1 when the vCPU stopped at it.</summary>
    public int Load(int page)
    {
        int value = -1;
        Run(guest =>
        {
            Span<byte> one = stackalloc byte[1];
            guest.Read(Base + ((ulong)page * Page), one);
            value = one[0];
        });
        return value;
    }

    /// <summary>Lists the pages that are there.</summary>
    public long[] Present() => Pages(Inode);

    public static long[] Pages(GuestMemfdInode inode) =>
        [.. inode.FindPresent().SelectMany(static run =>
            Enumerable.Range((int)run.First, (int)run.Count).Select(static page => (long)page))];

    public int Preserve(SafeHandle session, bool withVm = true)
    {
        int error = withVm ? Kernel.Preserve(session, VmFd, VmToken) : 0;
        return error == 0 ? Kernel.Preserve(session, MemoryFd, MemoryToken) : error;
    }

    public void Dispose()
    {
        Vcpu.Dispose();
        Memory.Dispose();
        Vm.Dispose();
        Device.Dispose();
    }

    private Vmm Build()
    {
        Vm.SetMemoryRegion(Region(Memory.Handle, Base, Memory.Size));
        Vcpu = Vm.CreateVcpu();
        return this;
    }
}

/// <summary>Goes over into a kernel with the preview.</summary>
internal static class PreviewKexec
{
    public static EmulatedProcess KexecPreview(this EmulatedMachine machine, string release = Vmm.Preview)
    {
        EmulatedProcess kernel = machine.Kernel.StartProcess();
        Assert.Equal(0, kernel.Load(release));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        return machine.Boot();
    }
}
