using System.Runtime.InteropServices;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Describes a memory region (memslot) of a VM: <c>struct kvm_userspace_memory_region2</c>.</summary>
public readonly record struct KvmMemoryRegion
{
    /// <summary>Gets the slot's number: the address space in the upper 16 bits, the slot in the lower.</summary>
    public uint Slot { get; init; }

    /// <summary>Gets what the region is.</summary>
    public KvmMemoryOptions Options { get; init; }

    /// <summary>Gets the guest-physical address of the first byte, a multiple of the page size.</summary>
    public ulong GuestAddress { get; init; }

    /// <summary>Gets the size in bytes, a multiple of the page size; 0 removes the slot.</summary>
    public ulong Size { get; init; }

    /// <summary>Gets the address in this process of the shared pages, a multiple of the page size. The mapping stays the caller's and
    /// must outlast the region.</summary>
    /// <remarks>
    /// Where the region's guest_memfd was created with <see cref="GuestMemfdOptions.Map"/> the guest's own accesses do not go
    /// there. KVM's do: what it reads and writes for the guest, as for an instruction that it emulates. Give the address of a
    /// mapping of the same range of the guest_memfd.
    /// </remarks>
    public nuint UserAddress { get; init; }

    /// <summary>Gets the guest_memfd that the region is bound to, with <see cref="KvmMemoryOptions.GuestMemfd"/>.
    /// It stays the caller's.</summary>
    public SafeHandle? GuestMemfd { get; init; }

    /// <summary>Gets where the region begins in the guest_memfd, in bytes, a multiple of the page size.</summary>
    public ulong GuestMemfdOffset { get; init; }
}
