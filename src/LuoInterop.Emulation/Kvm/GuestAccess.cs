namespace LuoInterop.Emulation.Kvm;

/// <summary>Says what became of a guest's access to its memory.</summary>
internal enum GuestAccess
{
    /// <summary>It was done.</summary>
    Done,

    /// <summary>There is no region, or one that is read-only: the VMM does it (MMIO).</summary>
    NoRegion,

    /// <summary>The page could not be had, and KVM says where.</summary>
    MemoryFault,

    /// <summary>The page of the user memory could not be had; KVM does not say where.</summary>
    BadUserMemory,
}
