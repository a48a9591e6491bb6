namespace LuoInterop.Kvm;

/// <summary>Describes memory of the guest that could not be had (KVM_EXIT_MEMORY_FAULT).</summary>
/// <param name="Errno">What KVM_RUN returned: EFAULT; EHWPOISON for a page with a hardware error;
/// what else kept guest_memfd from giving the page.</param>
/// <param name="GuestAddress">The guest-physical address of the range.</param>
/// <param name="Size">The size of the range in bytes.</param>
/// <param name="IsPrivate">Whether the guest wanted private memory (KVM_MEMORY_EXIT_FLAG_PRIVATE).</param>
/// <param name="Flags">All flags as the kernel gave them. Linux 7.3 defines no other one.</param>
public readonly record struct KvmMemoryFault(Errno Errno, ulong GuestAddress, ulong Size, bool IsPrivate, ulong Flags);
