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
        KvmOperation.GetSpecialRegisters => "KVM_GET_SREGS2",
        KvmOperation.SetSpecialRegisters => "KVM_SET_SREGS2",
        KvmOperation.GetMpState => "KVM_GET_MP_STATE",
        KvmOperation.SetMpState => "KVM_SET_MP_STATE",
        KvmOperation.GetEvents => "KVM_GET_VCPU_EVENTS",
        KvmOperation.SetEvents => "KVM_SET_VCPU_EVENTS",
        KvmOperation.GetDebugRegisters => "KVM_GET_DEBUGREGS",
        KvmOperation.SetDebugRegisters => "KVM_SET_DEBUGREGS",
        KvmOperation.GetXcrs => "KVM_GET_XCRS",
        KvmOperation.SetXcrs => "KVM_SET_XCRS",
        KvmOperation.GetXsave => "KVM_GET_XSAVE2",
        KvmOperation.SetXsave => "KVM_SET_XSAVE",
        KvmOperation.GetLapic => "KVM_GET_LAPIC",
        KvmOperation.SetLapic => "KVM_SET_LAPIC",
        KvmOperation.GetNestedState => "KVM_GET_NESTED_STATE",
        KvmOperation.SetNestedState => "KVM_SET_NESTED_STATE",
        KvmOperation.GetMsrs => "KVM_GET_MSRS",
        KvmOperation.SetMsrs => "KVM_SET_MSRS",
        KvmOperation.GetTscKhz => "KVM_GET_TSC_KHZ",
        KvmOperation.SetTscKhz => "KVM_SET_TSC_KHZ",
        KvmOperation.GetTscOffset => "KVM_GET_DEVICE_ATTR of KVM_VCPU_TSC_OFFSET",
        KvmOperation.SetTscOffset => "KVM_SET_DEVICE_ATTR of KVM_VCPU_TSC_OFFSET",
        KvmOperation.GetCpuid => "KVM_GET_CPUID2",
        KvmOperation.SetCpuid => "KVM_SET_CPUID2",
        KvmOperation.NotifyPaused => "KVM_KVMCLOCK_CTRL",
        KvmOperation.Kick => "tgkill of a vCPU's thread",
        KvmOperation.GetSupportedCpuid => "KVM_GET_SUPPORTED_CPUID",
        KvmOperation.GetMsrIndices => "KVM_GET_MSR_INDEX_LIST",
        KvmOperation.SetTssAddress => "KVM_SET_TSS_ADDR",
        KvmOperation.SetIdentityMapAddress => "KVM_SET_IDENTITY_MAP_ADDR",
        KvmOperation.CreateIrqchip => "KVM_CREATE_IRQCHIP",
        KvmOperation.CreatePit => "KVM_CREATE_PIT2",
        KvmOperation.SetIrqLine => "KVM_IRQ_LINE",
        KvmOperation.GetClock => "KVM_GET_CLOCK",
        KvmOperation.SetClock => "KVM_SET_CLOCK",
        KvmOperation.GetPit => "KVM_GET_PIT2",
        KvmOperation.SetPit => "KVM_SET_PIT2",
        KvmOperation.GetIrqchip => "KVM_GET_IRQCHIP",
        KvmOperation.SetIrqchip => "KVM_SET_IRQCHIP",
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
        (KvmOperation.SetCpuid, Errno.EINVAL) =>
            "the vCPU has run already, and CPUID cannot change then (since Linux 5.16), or an entry cannot be kept. A VMM that gives an "
            + "update up lets its guest run on; it does not restore it.",
        (KvmOperation.SetCpuid or KvmOperation.GetSupportedCpuid, Errno.E2BIG) => "there are more entries than fit.",
        (KvmOperation.SetRegisters or KvmOperation.SetSpecialRegisters, Errno.EINVAL) =>
            "no processor can have these registers together, or CPUID forbids one of them.",
        (KvmOperation.SetEvents or KvmOperation.SetDebugRegisters or KvmOperation.SetXcrs or KvmOperation.SetXsave, Errno.EINVAL) =>
            "the processor cannot be in that state: a field has a value that it cannot have, or CPUID says that there is no such feature.",
        (KvmOperation.SetMpState, Errno.EINVAL) =>
            "the state is for VMs whose interrupt controllers are in the kernel (KvmVm.CreateIrqchip), or the vCPU waits for its start.",
        (KvmOperation.SetClock, Errno.EINVAL) => "a flag is unknown; KvmCapability.AdjustClock says which there are.",
        (KvmOperation.SetTssAddress, Errno.EINVAL) => "the address is beyond 4 GiB.",
        (KvmOperation.GetTscKhz or KvmOperation.SetTscKhz, Errno.EIO) => "the host's time stamp counter does not run evenly.",
        (KvmOperation.GetLapic or KvmOperation.SetLapic, Errno.EINVAL) =>
            "the vCPU has no local APIC: KvmVm.CreateIrqchip makes it, before the vCPU.",
        (KvmOperation.GetMsrs or KvmOperation.SetMsrs, Errno.E2BIG) => "KVM takes at most 255 registers at once.",
        (KvmOperation.SetTscKhz, Errno.EINVAL) =>
            "the guest's counter cannot run at that frequency here: the processor cannot scale it, and the host's is another.",
        (KvmOperation.GetTscOffset or KvmOperation.SetTscOffset, Errno.ENXIO) => "the kernel is older than 5.16.",
        (KvmOperation.CreateIrqchip, Errno.EEXIST) => "the VM has its interrupt controllers.",
        (KvmOperation.CreateIrqchip, Errno.EINVAL) => "the VM has a vCPU already; interrupt controllers come first.",
        (KvmOperation.CreatePit, Errno.EEXIST) => "the VM has its timer.",
        (KvmOperation.CreatePit, Errno.ENOENT) => "the VM has no interrupt controllers (KvmVm.CreateIrqchip); they come first.",
        (KvmOperation.SetIrqLine or KvmOperation.GetIrqchip or KvmOperation.SetIrqchip, Errno.ENXIO) =>
            "the VM has no interrupt controllers in the kernel (KvmVm.CreateIrqchip).",
        (KvmOperation.GetPit or KvmOperation.SetPit, Errno.ENXIO) => "the VM has no timer in the kernel (KvmVm.CreatePit).",
        (KvmOperation.SetIdentityMapAddress, Errno.EINVAL) => "the VM has a vCPU already; the address comes first.",
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
        operation is not (KvmOperation.OpenDevice or KvmOperation.Kick or KvmOperation.MapVcpu or KvmOperation.MapGuestMemfd
            or KvmOperation.Allocate);
}
