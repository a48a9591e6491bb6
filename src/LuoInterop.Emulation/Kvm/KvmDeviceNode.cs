using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>The device node through which VMs are created (kvm_chardev_ops of virt/kvm/kvm_main.c).</summary>
internal sealed partial class KvmDeviceNode(KvmModule kvm) : DeviceNode
{
    private static int CreationFlags => LibC.O_CREAT | LibC.O_EXCL | LibC.O_TRUNC | LibC.O_CLOEXEC;
    private const uint CharacterDevice = 0x2000;

    private uint _mode = 0x180;

    public override int Open(int flags, out OpenFile? file)
    {
        // alloc_empty_file.
        file = kvm.Frames.TryAllocateSmall() ? new Description(this) { Flags = (flags & ~CreationFlags) | FcntlHeader.O_LARGEFILE } : null;
        return file is null ? Refused.ENOMEM : 0;
    }

    public override FileStatus Status() => new(MagicHeader.TMPFS_MAGIC, 0, 2, 1, CharacterDevice | _mode, 0, 0, 0, 0);

    /// <summary>Answers KVM_CHECK_EXTENSION, on the device and on a VM of the default type.</summary>
    public static int CheckExtension(nint capability) => capability switch
    {
        KvmHeader.KVM_CAP_READONLY_MEM or KvmHeader.KVM_CAP_USER_MEMORY2 or KvmHeader.KVM_CAP_MEMORY_FAULT_INFO
            or KvmHeader.KVM_CAP_GUEST_MEMFD => 1,
        KvmHeader.KVM_CAP_NR_VCPUS => Environment.ProcessorCount,
        KvmHeader.KVM_CAP_ADJUST_CLOCK => (int)KernelDevices.ValidClockFlags,
        KvmHeader.KVM_CAP_XSAVE2 => ExtendedState.Size,
        KvmHeader.KVM_CAP_VM_TYPES => 1 << (int)KvmHeader.KVM_X86_DEFAULT_VM,
        KvmHeader.KVM_CAP_GUEST_MEMFD_FLAGS => (int)(KvmHeader.GUEST_MEMFD_FLAG_MMAP | KvmHeader.GUEST_MEMFD_FLAG_INIT_SHARED),
        _ => 0,
    };

    private int CreateVm(FileDescriptorTable descriptors, nint type)
    {
        int fd = descriptors.Reserve();
        if (fd < 0)
        {
            return fd;
        }

        string name = fd.ToString(System.Globalization.CultureInfo.InvariantCulture);
        int error = kvm.CreateVm((ulong)type, name, descriptors, out VmFile? file);
        if (error != 0)
        {
            descriptors.Cancel(fd);
            return error;
        }

        return descriptors.Install(fd, file!);
    }

    private sealed class Description(KvmDeviceNode device) : OpenFile
    {
        public override string LinkText => KvmModule.DevicePath;

        public override int ChangeMode(uint mode)
        {
            device._mode = mode & 0xfff;
            return 0;
        }

        public override FileStatus Status() => device.Status();

        public override long Seek(long offset, SeekOrigin whence) => 0;

        // kvm_dev_ioctl; what it does not know the processor's part refuses with EINVAL.
        protected override int IoctlOperation(FileDescriptorTable descriptors, uint request, UserMemory argument) => request switch
        {
            KvmHeader.KVM_GET_API_VERSION => argument.Value == 0 ? KvmHeader.KVM_API_VERSION : Refused.EINVAL,
            KvmHeader.KVM_CREATE_VM => device.CreateVm(descriptors, argument.Value),
            KvmHeader.KVM_CHECK_EXTENSION => CheckExtension(argument.Value),
            KvmHeader.KVM_GET_VCPU_MMAP_SIZE => argument.Value == 0 ? VcpuRun.Length : Refused.EINVAL,
            KvmX86Header.KVM_GET_SUPPORTED_CPUID => GetSupportedCpuid(argument),
            KvmX86Header.KVM_GET_MSR_INDEX_LIST => GetMsrIndices(argument),
            _ => Refused.EINVAL,
        };
    }
}
