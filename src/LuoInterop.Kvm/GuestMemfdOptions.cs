using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Says how a guest_memfd is created. What a VM accepts says <see cref="KvmVm.SupportedGuestMemfdOptions"/>.</summary>
/// <remarks>Source: <c>include/uapi/linux/kvm.h</c>, Linux 7.3. Since Linux 6.18.</remarks>
[Flags]
public enum GuestMemfdOptions : ulong
{
    /// <summary>Asks for memory that the host cannot map.</summary>
    None = 0,
    /// <summary>Lets the host map the file, and makes KVM take the guest's pages from the file only (GUEST_MEMFD_FLAG_MMAP).</summary>
    Map = KvmHeader.GUEST_MEMFD_FLAG_MMAP,
    /// <summary>Makes all pages shared with the host (GUEST_MEMFD_FLAG_INIT_SHARED);
    /// without it touching a mapping of the file is SIGBUS.</summary>
    InitShared = KvmHeader.GUEST_MEMFD_FLAG_INIT_SHARED,
}
