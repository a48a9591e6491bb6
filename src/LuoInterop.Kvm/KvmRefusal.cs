namespace LuoInterop.Kvm;

/// <summary>Says what an error number means for an operation on KVM.</summary>
/// <remarks>Sources: <c>virt/kvm/kvm_main.c</c>, <c>virt/kvm/guest_memfd.c</c>, <c>arch/x86/kvm/x86.c</c>, Linux 7.3.</remarks>
internal static class KvmRefusal
{
    /// <summary>Gives what a call returned, or throws where that is <c>-errno</c>.</summary>
    public static long Check(long result, KvmOperation operation) => result >= 0 ? result : throw Of(result, operation);

    /// <summary>Makes the exception for a refusal.</summary>
    public static KernelException Of(long result, KvmOperation operation)
    {
        Errno errno = (Errno)(int)-result;
        return new KernelException(errno, Name(operation), Explain(operation, errno));
    }

    /// <summary>Says what an error number means for an operation, and what to do about it.</summary>
    public static string Explain(KvmOperation operation, Errno errno) =>
        Specific(operation, errno) ?? Common(operation, errno) ?? Refusal.General(errno);

    /// <summary>Names an operation in the kernel's own words.</summary>
    public static string Name(KvmOperation operation) => operation switch
    {
        KvmOperation.OpenDevice => "open of the KVM device",
        KvmOperation.GetApiVersion => "KVM_GET_API_VERSION",
        KvmOperation.CheckExtension => "KVM_CHECK_EXTENSION",
        KvmOperation.VcpuMapSize => "KVM_GET_VCPU_MMAP_SIZE",
        KvmOperation.CreateVm => "KVM_CREATE_VM",
        KvmOperation.CreateGuestMemfd => "KVM_CREATE_GUEST_MEMFD",
        KvmOperation.SetMemoryRegion => "KVM_SET_USER_MEMORY_REGION2",
        KvmOperation.CreateVcpu => "KVM_CREATE_VCPU",
        KvmOperation.MapVcpu => "mmap of a vCPU",
        KvmOperation.GetRegisters => "KVM_GET_REGS or KVM_GET_SREGS",
        KvmOperation.SetRegisters => "KVM_SET_REGS or KVM_SET_SREGS",
        KvmOperation.Run => "KVM_RUN",
        KvmOperation.MapGuestMemfd => "mmap of a guest_memfd",
        KvmOperation.Allocate => "fallocate of a guest_memfd",
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
    };

    private static string? Specific(KvmOperation operation, Errno errno) => (operation, errno) switch
    {
        (KvmOperation.OpenDevice, Errno.ENOENT) =>
            "there is no such device node: the kernel has no KVM, its module (kvm_amd, kvm_intel) is not loaded, or the processor "
            + "or the host of this VM offers no virtualization.",
        (KvmOperation.OpenDevice, Errno.EACCES or Errno.EPERM) =>
            "only root and the members of the node's group, usually kvm, may open it.",
        (KvmOperation.OpenDevice, Errno.ENODEV or Errno.ENXIO) =>
            "there is a device node, but no KVM behind it. Load kvm_amd or kvm_intel.",
        (KvmOperation.GetApiVersion, Errno.ENOTTY or Errno.EINVAL) => "the path leads to a device or file that is not KVM's device.",
        (KvmOperation.CreateVm, Errno.EINVAL) => "the kernel cannot create a VM of this type; KvmCapability.VmTypes says which it can.",
        (KvmOperation.CreateVm, Errno.EIO) => "the processor's virtualization cannot be switched on; somebody else may use it.",
        (KvmOperation.CreateVm, Errno.EBUSY) => "the machine is going down.",
        (KvmOperation.CreateGuestMemfd, Errno.EINVAL) =>
            "the VM does not know a flag (KvmVm.SupportedGuestMemfdOptions), or the size is not a positive multiple of the page size.",
        (KvmOperation.CreateGuestMemfd, Errno.ENOTTY) => "the kernel has no guest_memfd (Linux 6.8, CONFIG_KVM_GUEST_MEMFD).",
        (KvmOperation.SetMemoryRegion, Errno.EINVAL) =>
            "the flags do not go together, an address, size or offset is no multiple of the page size or out of range, the file is "
            + "not a guest_memfd of this VM, the slot is missing, or it is bound to a guest_memfd and can only be removed.",
        (KvmOperation.SetMemoryRegion, Errno.EEXIST) =>
            "the region overlaps another one, in the guest's addresses or in the guest_memfd.",
        (KvmOperation.SetMemoryRegion, Errno.EBADF) => "the guest_memfd is not open.",
        (KvmOperation.SetMemoryRegion, Errno.ENOTTY) => "the kernel is older than 6.8 and has no KVM_SET_USER_MEMORY_REGION2.",
        (KvmOperation.CreateVcpu, Errno.EEXIST) => "the VM has a vCPU of this number.",
        (KvmOperation.CreateVcpu, Errno.EINVAL) => "the number is too large, or the VM has as many vCPUs as it can have.",
        (KvmOperation.Run, Errno.EFAULT) => "memory that the guest needs is not there, and KVM does not say which.",
        (KvmOperation.MapGuestMemfd, Errno.ENODEV) => "the guest_memfd was created without GuestMemfdOptions.Map.",
        (KvmOperation.MapGuestMemfd, Errno.EINVAL) => "the offset is no multiple of the page size.",
        (KvmOperation.Allocate, Errno.EINVAL) => "the range is not made of whole pages or, when allocating, ends beyond the file.",
        _ => null,
    };

    /// <summary>Says what any request to a VM or vCPU can be refused with.</summary>
    private static string? Common(KvmOperation operation, Errno errno) => (IsRequest(operation), errno) switch
    {
        (true, Errno.EIO) => "the VM belongs to another process, or KVM has given it up after a fault of its own.",
        (true, Errno.ENOTTY) => "the descriptor does not know this request.",
        _ => null,
    };

    /// <summary>Tells whether an operation is an ioctl(2) of KVM.</summary>
    private static bool IsRequest(KvmOperation operation) =>
        operation is not (KvmOperation.OpenDevice or KvmOperation.MapVcpu or KvmOperation.MapGuestMemfd or KvmOperation.Allocate);
}
