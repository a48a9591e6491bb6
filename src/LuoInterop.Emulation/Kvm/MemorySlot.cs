namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds a memory region of a VM (<c>struct kvm_memory_slot</c>, include/linux/kvm_host.h).</summary>
internal sealed class MemorySlot
{
    private volatile GuestMemfdFile? _memory;

    public required uint Number { get; init; }

    public required uint Flags { get; init; }

    public required ulong FirstFrame { get; init; }

    public required ulong Pages { get; init; }

    public required ulong UserAddress { get; init; }

    /// <summary>Gets the page of the guest_memfd that the region begins with.</summary>
    public ulong MemoryPage { get; set; }

    /// <summary>Gets or sets the guest_memfd; null without one, and when it was closed. Guests read it inside the VM's
    /// <see cref="VirtualMachine.Srcu"/>.</summary>
    public GuestMemfdFile? Memory
    {
        get => _memory;
        set => _memory = value;
    }

    /// <summary>Gets or sets whether the guest's accesses go to the guest_memfd (KVM_MEMSLOT_GMEM_ONLY), or to the user address.</summary>
    public bool IsGuestMemfdOnly { get; set; }

    public bool Contains(ulong frame) => frame >= FirstFrame && frame - FirstFrame < Pages;

    public bool Overlaps(ulong first, ulong count) => first < FirstFrame + Pages && FirstFrame < first + count;
}
