using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Says what a memory region of a VM is.</summary>
/// <remarks>Source: <c>include/uapi/linux/kvm.h</c>, Linux 7.3.</remarks>
[Flags]
public enum KvmMemoryOptions : uint
{
    /// <summary>Takes the pages from user memory, writable.</summary>
    None = 0,
    /// <summary>Logs which pages the guest writes; not together with <see cref="GuestMemfd"/>.</summary>
    LogDirtyPages = KvmHeader.KVM_MEM_LOG_DIRTY_PAGES,
    /// <summary>Makes the guest's writes an exit (MMIO); not together with <see cref="GuestMemfd"/>.</summary>
    ReadOnly = KvmHeader.KVM_MEM_READONLY,
    /// <summary>Binds the region to a range of a guest_memfd.</summary>
    GuestMemfd = KvmHeader.KVM_MEM_GUEST_MEMFD,
}
