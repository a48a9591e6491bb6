using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>The file of a vCPU (kvm_vcpu_fops of virt/kvm/kvm_main.c). Its requests run without the running kernel's lock,
/// under its own.</summary>
internal sealed partial class VcpuFile : OpenFile
{
    private readonly nint _id;
    private readonly Lock _mutex = new();
    private readonly EmulatedGuest _guest;
    private volatile Action<EmulatedGuest>? _program;
    private KvmRegisters _registers;

    public VcpuFile(VirtualMachine vm, nint id, VcpuRun shared)
    {
        _id = id;
        Vm = vm;
        Shared = shared;
        Flags = LibC.O_RDWR;
        _guest = new EmulatedGuest(this);
        Apic = vm.Devices.HasIrqchip ? new LocalApic((uint)id) : null;
        Reset();
        if (id == 0)
        {
            vm.Devices.Target = Apic;
        }

        vm.Kvm.Add(this);
    }

    public VirtualMachine Vm { get; }

    public VcpuRun Shared { get; }

    /// <summary>Gets the local APIC; null in a VM without interrupt controllers.</summary>
    public LocalApic? Apic { get; }

    /// <summary>Gets or sets the general registers. Only the thread that runs the vCPU may.</summary>
    public ref KvmRegisters Registers => ref _registers;

    public override string LinkText => $"anon_inode:kvm-vcpu:{_id}";

    public override int ChangeMode(uint mode) => Refused.EOPNOTSUPP;

    public override FileStatus Status() => new(MagicHeader.ANON_INODE_FS_MAGIC, 0, 4, 1, 0x180, 0, 0, 0, 0);

    // noop_llseek.
    public override long Seek(long offset, SeekOrigin whence) => 0;

    /// <summary>Tells whether a request is one that <see cref="Ioctl(EmulatedProcess, uint, UserMemory)"/> answers.</summary>
    public static bool IsOwn(uint request) => ((request >> 8) & 0xff) == KvmHeader.KVMIO;

    /// <summary>Gives the vCPU a program.</summary>
    public void SetProgram(Action<EmulatedGuest> program) => _program = program;

    /// <summary>Answers the vCPU's own requests (kvm_vcpu_ioctl), after one another.</summary>
    public int Ioctl(EmulatedProcess process, uint request, UserMemory argument)
    {
        if (process.Descriptors != Vm.Process)
        {
            return Refused.EIO;
        }

        lock (_mutex)
        {
            return request switch
            {
                KvmHeader.KVM_RUN => argument.Value == 0 ? Run(process) : Refused.EINVAL,
                KvmX86Header.KVM_GET_CPUID2 => GetCpuid(argument),
                KvmX86Header.KVM_SET_CPUID2 => SetCpuid(argument),
                KvmX86Header.KVM_GET_MSRS => Msrs(argument, sets: false),
                KvmX86Header.KVM_SET_MSRS => Msrs(argument, sets: true),
                KvmX86Header.KVM_GET_TSC_KHZ => _tscKhz,
                KvmX86Header.KVM_SET_TSC_KHZ => SetTscKhz((uint)argument.Value),
                KvmX86Header.KVM_HAS_DEVICE_ATTR or KvmX86Header.KVM_GET_DEVICE_ATTR or KvmX86Header.KVM_SET_DEVICE_ATTR =>
                    Attribute(request, argument),
                KvmX86Header.KVM_KVMCLOCK_CTRL => _msrs.HasClock ? 0 : Refused.EINVAL,
                _ => StateIoctl(request, argument),
            };
        }
    }

    protected override int IoctlOperation(FileDescriptorTable descriptors, uint request, UserMemory argument) =>
        descriptors != Vm.Process ? Refused.EIO : Refused.EINVAL;

    // kvm_vcpu_mmap; the mount is SB_I_NOEXEC.
    protected override unsafe nint MapOperation(FileDescriptorTable process, nuint length, int protection, int flags, long offset)
    {
        if ((protection & LibC.PROT_EXEC) != 0)
        {
            return Refused.EPERM;
        }

        void* address = LibC.mmap(null, (size_t)length, protection, flags, Shared.Fd, offset);
        return address == LibC.MAP_FAILED ? SystemCall.LastError : (nint)address;
    }

    protected override void Release()
    {
        Vm.Kvm.Remove(this);
        Shared.CloseDescriptor();
    }

    private static Span<byte> Bytes<T>(ref T structure)
        where T : unmanaged => MemoryMarshal.AsBytes(new Span<T>(ref structure));

    // kvm_arch_vcpu_ioctl_run.
    private int Run(EmulatedProcess process)
    {
        Shared.Run.exit_reason = KvmHeader.KVM_EXIT_UNKNOWN;
        bool exitsAtOnce = Shared.HasImmediateExit;
        if (exitsAtOnce && !_guest.HasPending)
        {
            return Refused.EINTR;
        }

        // Without an interrupt a vCPU that waits does not come into the guest, nor one that was not started.
        if (_mpState != KvmX86Header.KVM_MP_STATE_RUNNABLE && !exitsAtOnce && !WaitUntilRunnable(process))
        {
            return Refused.EINTR;
        }

        _hasRun = true;
        return _guest.Run(process, _program ?? Vm.Kvm.DefaultGuest, exitsAtOnce);
    }
}
