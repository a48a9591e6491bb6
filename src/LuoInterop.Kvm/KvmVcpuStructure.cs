namespace LuoInterop.Kvm;

/// <summary>Names the structures that the kernel gives and takes of a vCPU's state, each with a pair of requests.</summary>
/// <remarks>Their layouts are the kernel's, and do not change. Source: <c>arch/x86/include/uapi/asm/kvm.h</c>, Linux 7.3.</remarks>
public enum KvmVcpuStructure
{
    /// <summary>The general registers, 144 bytes: KVM_GET_REGS. Setting them drops a pending exception.</summary>
    Registers,
    /// <summary>Segments and control registers, 320 bytes: KVM_GET_SREGS2. Since Linux 5.14.</summary>
    SpecialRegisters,
    /// <summary>Whether it runs, halts or waits for its start, 4 bytes: KVM_GET_MP_STATE. Reading it may change other state: read it
    /// first.</summary>
    MpState,
    /// <summary>Exceptions, interrupts and NMIs that are under way, 64 bytes: KVM_GET_VCPU_EVENTS. Read it last.</summary>
    Events,
    /// <summary>Debug registers, 128 bytes: KVM_GET_DEBUGREGS.</summary>
    DebugRegisters,
    /// <summary>Extended control registers (XCR0), 392 bytes: KVM_GET_XCRS.</summary>
    ExtendedControlRegisters,
    /// <summary>x87, SSE, AVX and what follows, 4096 bytes or more: KVM_GET_XSAVE2, KVM_SET_XSAVE. Since Linux 5.17.</summary>
    ExtendedState,
    /// <summary>The registers of the local APIC, 1024 bytes: KVM_GET_LAPIC. EINVAL without an interrupt controller in the kernel.</summary>
    LocalApic,
    /// <summary>The state of a hypervisor in the guest, 128 bytes and its own: KVM_GET_NESTED_STATE. Since Linux 4.20.</summary>
    NestedState,
}
