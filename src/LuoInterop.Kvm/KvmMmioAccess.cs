namespace LuoInterop.Kvm;

/// <summary>Describes an access to an address without memory (KVM_EXIT_MMIO); its data are <see cref="KvmVcpu.MmioData"/>.</summary>
/// <param name="GuestAddress">The guest-physical address.</param>
/// <param name="Length">The number of bytes, 1 to 8.</param>
/// <param name="IsWrite">Whether the guest writes.</param>
public readonly record struct KvmMmioAccess(ulong GuestAddress, int Length, bool IsWrite);
