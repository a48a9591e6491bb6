namespace LuoInterop.Kvm;

/// <summary>Names the structures that the kernel gives and takes of a VM's devices, each with a pair of requests.</summary>
/// <remarks>Their layouts are the kernel's, and do not change. Source: <c>include/uapi/linux/kvm.h</c>, Linux 7.3.</remarks>
public enum KvmVmStructure
{
    /// <summary>The paravirtual clock, 48 bytes: KVM_GET_CLOCK.</summary>
    Clock,
    /// <summary>The timer (8254), 112 bytes: KVM_GET_PIT2. ENXIO without one.</summary>
    Pit,
    /// <summary>The first interrupt controller (8259), 520 bytes with its number: KVM_GET_IRQCHIP. ENXIO without one.</summary>
    PicMaster,
    /// <summary>The second interrupt controller.</summary>
    PicSlave,
    /// <summary>The I/O APIC.</summary>
    IoApic,
}
