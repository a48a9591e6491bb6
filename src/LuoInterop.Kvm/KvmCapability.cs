using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Names what KVM can be asked about with KVM_CHECK_EXTENSION. Other numbers are legal values too.</summary>
/// <remarks>Source: <c>include/uapi/linux/kvm.h</c>, Linux 7.3.</remarks>
public enum KvmCapability
{
    /// <summary>Says whether regions can be read-only to the guest.</summary>
    ReadOnlyMemory = KvmHeader.KVM_CAP_READONLY_MEM,
    /// <summary>Gives the number of vCPUs that KVM recommends at most.</summary>
    RecommendedVcpus = KvmHeader.KVM_CAP_NR_VCPUS,
    /// <summary>Gives the size in bytes of the extended state (KVM_GET_XSAVE2); 0 before Linux 5.17.</summary>
    ExtendedStateSize = KvmHeader.KVM_CAP_XSAVE2,
    /// <summary>Gives the most bytes of the state of a hypervisor in the guest; 0 where there can be none.</summary>
    NestedStateSize = KvmHeader.KVM_CAP_NESTED_STATE,
    /// <summary>Says what the paravirtual clock can do, as KVM_CLOCK_ flags; 0 where it cannot be set.</summary>
    AdjustClock = KvmHeader.KVM_CAP_ADJUST_CLOCK,
    /// <summary>Says whether the frequency of the guest's time stamp counter can be another one than the host's.</summary>
    TscControl = KvmHeader.KVM_CAP_TSC_CONTROL,
    /// <summary>Says whether there is KVM_SET_USER_MEMORY_REGION2. Since Linux 6.8.</summary>
    UserMemory2 = KvmHeader.KVM_CAP_USER_MEMORY2,
    /// <summary>Says whether a memory fault is reported with its address. Since Linux 6.8.</summary>
    MemoryFaultInfo = KvmHeader.KVM_CAP_MEMORY_FAULT_INFO,
    /// <summary>Gives the attributes that pages of the guest can have, as bits; 0 where no page can be private. Since Linux 6.8.</summary>
    MemoryAttributes = KvmHeader.KVM_CAP_MEMORY_ATTRIBUTES,
    /// <summary>Says whether there is KVM_CREATE_GUEST_MEMFD. Since Linux 6.8.</summary>
    GuestMemfd = KvmHeader.KVM_CAP_GUEST_MEMFD,
    /// <summary>Gives the types of VM that can be created, bit n for the type of number n. Since Linux 6.8.</summary>
    VmTypes = KvmHeader.KVM_CAP_VM_TYPES,
    /// <summary>Gives the flags that a guest_memfd can be created with, as <see cref="GuestMemfdOptions"/>.</summary>
    GuestMemfdFlags = KvmHeader.KVM_CAP_GUEST_MEMFD_FLAGS,
}
