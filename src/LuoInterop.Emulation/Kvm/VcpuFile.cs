using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using LuoInterop.Kvm;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>The file of a vCPU (kvm_vcpu_fops of virt/kvm/kvm_main.c). Its requests run without the running kernel's lock,
/// under its own.</summary>
internal sealed class VcpuFile : OpenFile
{
    private readonly nint _id;
    private readonly Lock _mutex = new();
    private readonly EmulatedGuest _guest;
    private volatile Action<EmulatedGuest>? _program;
    private kvm_sregs _special;
    private KvmRegisters _registers;

    public VcpuFile(VirtualMachine vm, nint id, VcpuRun shared)
    {
        _id = id;
        Vm = vm;
        Shared = shared;
        Flags = LibC.O_RDWR;
        _guest = new EmulatedGuest(this);

        // As after a reset (kvm_vcpu_reset), as far as a program can meet it.
        _registers = new KvmRegisters { Rip = 0xfff0, Rflags = 2, Rdx = 0x600 };
        _special.cs.selector = 0xf000;
        _special.cs.@base = 0xffff0000;
        _special.cs.limit = 0xffff;
        _special.cr0 = 0x60000010;
        vm.Kvm.Add(this);
    }

    public VirtualMachine Vm { get; }

    public VcpuRun Shared { get; }

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
            switch (request)
            {
                case KvmHeader.KVM_RUN:
                    return argument.Value == 0 ? Run(process) : Refused.EINVAL;
                case KvmHeader.KVM_GET_REGS:
                    return argument.CopyTo(Bytes(ref _registers));
                case KvmHeader.KVM_SET_REGS:
                    return Set(argument, ref _registers);
                case KvmHeader.KVM_GET_SREGS:
                    return argument.CopyTo(Bytes(ref _special));
                case KvmHeader.KVM_SET_SREGS:
                    return Set(argument, ref _special);
                default:
                    return Refused.EINVAL;
            }
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

    private static int Set<T>(UserMemory argument, ref T structure)
        where T : unmanaged
    {
        T given = default;
        int error = argument.CopyFrom(Bytes(ref given));
        if (error == 0)
        {
            structure = given;
        }

        return error;
    }

    // kvm_arch_vcpu_ioctl_run.
    private int Run(EmulatedProcess process)
    {
        Shared.Run.exit_reason = KvmHeader.KVM_EXIT_UNKNOWN;
        if (Shared.Run.immediate_exit != 0)
        {
            return Refused.EINTR;
        }

        return _guest.Run(process, _program ?? Vm.Kvm.DefaultGuest);
    }
}
