using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>The file of a virtual machine (kvm_vm_fops of virt/kvm/kvm_main.c).</summary>
internal sealed partial class VmFile : OpenFile
{
    public VmFile(VirtualMachine vm)
    {
        Vm = vm;
        Flags = LibC.O_RDWR;
        vm.File = this;
    }

    public VirtualMachine Vm { get; }

    public override string LinkText => "anon_inode:kvm-vm";

    public override int ChangeMode(uint mode) => Refused.EOPNOTSUPP;

    public override FileStatus Status() => new(MagicHeader.ANON_INODE_FS_MAGIC, 0, 3, 1, 0x180, 0, 0, 0, 0);

    // noop_llseek.
    public override long Seek(long offset, SeekOrigin whence) => 0;

    // kvm_vm_ioctl.
    protected override int IoctlOperation(FileDescriptorTable descriptors, uint request, UserMemory argument)
    {
        if (descriptors != Vm.Process)
        {
            return Refused.EIO;
        }

        switch (request)
        {
            case KvmHeader.KVM_CREATE_VCPU:
                return CreateVcpu(descriptors, argument.Value);
            case KvmHeader.KVM_CHECK_EXTENSION:
                return KvmDeviceNode.CheckExtension(argument.Value);
            case KvmX86Header.KVM_GET_TSC_KHZ:
                return EmulatedTime.TscKhz;
            case KvmHeader.KVM_SET_USER_MEMORY_REGION2:
                kvm_userspace_memory_region2 region = default;
                return argument.CopyFrom(MemoryMarshal.AsBytes(new Span<kvm_userspace_memory_region2>(ref region))) != 0
                    ? Refused.EFAULT
                    : Vm.SetRegion(descriptors, region);
            case KvmHeader.KVM_CREATE_GUEST_MEMFD:
                kvm_create_guest_memfd creation = default;
                return argument.CopyFrom(MemoryMarshal.AsBytes(new Span<kvm_create_guest_memfd>(ref creation))) != 0
                    ? Refused.EFAULT
                    : CreateMemory(descriptors, (long)creation.size, creation.flags);
            default:
                return DeviceIoctl(request, argument);
        }
    }

    // kvm_vm_release.
    protected override void Release() => Vm.File = null;

    // kvm_gmem_create.
    private int CreateMemory(FileDescriptorTable descriptors, long size, ulong flags)
    {
        const ulong Known = KvmHeader.GUEST_MEMFD_FLAG_MMAP | KvmHeader.GUEST_MEMFD_FLAG_INIT_SHARED;
        if ((flags & ~Known) != 0 || size <= 0 || (size & (PhysicalMemory.PageSize - 1)) != 0)
        {
            return Refused.EINVAL;
        }

        int fd = descriptors.Reserve();
        if (fd < 0)
        {
            return fd;
        }

        int error = GuestMemfdFile.Create(Vm, size, flags, out GuestMemfdFile? file);
        if (error != 0)
        {
            descriptors.Cancel(fd);
            return error;
        }

        // get_unused_fd_flags(0): open across execve(2).
        return descriptors.Install(fd, file!, closeOnExec: false);
    }

    // kvm_vm_ioctl_create_vcpu: the number comes first, and is given back.
    private int CreateVcpu(FileDescriptorTable descriptors, nint id)
    {
        int error = Vm.ClaimVcpu(id);
        if (error != 0)
        {
            return error;
        }

        // kmem_cache_zalloc, the page of struct kvm_run, and the open file.
        PageFrames frames = Vm.Kvm.Frames;
        VcpuRun? shared = frames.TryAllocateSmall() && frames.TryAllocateSmall() ? VcpuRun.Create() : null;
        int fd = shared is null ? Refused.ENOMEM : descriptors.Reserve();
        if (fd < 0)
        {
            shared?.CloseDescriptor();
            Vm.ReleaseVcpu(id);
            return fd;
        }

        return descriptors.Install(fd, new VcpuFile(Vm, id, shared!));
    }
}
