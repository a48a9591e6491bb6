using LuoInterop.Kvm.Interop;
using LuoInterop.Kvm;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Is a VM for one probe, with guest code and calls that go past the library.</summary>
internal sealed unsafe class ProbeVm : IDisposable
{
    public const int Page = 4096;

    private readonly List<IDisposable> _owned = [];

    public ProbeVm(Kernel kernel)
    {
        Kernel = kernel;
        Device = KvmDevice.Open(kernel);
        Vm = Device.CreateVm();
    }

    public Kernel Kernel { get; }

    public KvmDevice Device { get; }

    public KvmVm Vm { get; }

    /// <summary>Gets the memory of <see cref="Boot"/>.</summary>
    public GuestMemfd BootMemory { get; private set; } = null!;

    /// <summary>Gets the host's mapping of that memory.</summary>
    public MemfdMapping BootMapping { get; private set; } = null!;

    /// <summary>Makes a guest_memfd that is closed at the end.</summary>
    public GuestMemfd Memory(long size = 16 * Page, GuestMemfdOptions options = GuestMemfdOptions.Map | GuestMemfdOptions.InitShared) =>
        Own(Vm.CreateGuestMemfd(size, options));

    /// <summary>Makes memory at address 0 that holds code at 0x1000, and a vCPU that begins there.</summary>
    public KvmVcpu Boot(params ReadOnlySpan<byte> code)
    {
        BootMemory = Memory();
        BootMapping = Own(BootMemory.Map());
        code.CopyTo(BootMapping.GetSpan(0x1000, code.Length));
        Vm.AddMemory(0, 0, BootMemory, 0, BootMapping);
        KvmVcpu vcpu = Own(Vm.CreateVcpu());
        vcpu.StartInRealMode(0, 0x1000);
        return vcpu;
    }

    /// <summary>Binds a range of a guest_memfd without a mapping for KVM's own accesses.</summary>
    public void Bind(uint slot, ulong guestAddress, GuestMemfd memory, long offset, long size, nuint userAddress = 0) =>
        Vm.SetMemoryRegion(new KvmMemoryRegion
    {
        Slot = slot,
        Options = KvmMemoryOptions.GuestMemfd,
        GuestAddress = guestAddress,
        Size = (ulong)size,
        UserAddress = userAddress,
        GuestMemfd = memory.Handle,
        GuestMemfdOffset = (ulong)offset,
    });

    /// <summary>Gives KVM_CREATE_GUEST_MEMFD any bits, and closes what comes of it.</summary>
    public long TryCreate(ulong size, ulong flags)
    {
        kvm_create_guest_memfd argument = default;
        argument.size = size;
        argument.flags = flags;
        long fd = Kernel.Ioctl(Vm.Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, (nint)(&argument));
        if (fd >= 0)
        {
            Assert.Equal(0, Kernel.Close((int)fd));
        }

        return fd;
    }

    /// <summary>Lets the kernel read bytes of a mapping, which says EFAULT where touching them would be SIGBUS.</summary>
    public long TryRead(nint address, int length)
    {
        using Memfd target = Memfd.Create(Kernel, "target");
        return Kernel.Write(target.Handle, new ReadOnlySpan<byte>((void*)address, length));
    }

    /// <summary>Maps a file as the flags say, or fails; removed by <see cref="Dispose"/>.</summary>
    public nint Map(GuestMemfd memory, long length)
    {
        nint address = (nint)Refused.Not(Kernel.MMap((nuint)length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, memory.Handle, 0));
        Own(new Unmapper(Kernel, address, length));
        return address;
    }

    public T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        Vm.Dispose();
        Device.Dispose();
    }

    private sealed class Unmapper(Kernel kernel, nint address, long length) : IDisposable
    {
        public void Dispose() => Assert.Equal(0, kernel.MUnmap(address, (nuint)length));
    }
}
