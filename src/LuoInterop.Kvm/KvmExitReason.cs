using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Says why a vCPU stopped. Other numbers are legal values too.</summary>
/// <remarks>Source: <c>include/uapi/linux/kvm.h</c>, Linux 7.3.</remarks>
public enum KvmExitReason : uint
{
    /// <summary>The processor stopped for a reason that KVM does not know.</summary>
    Unknown = KvmHeader.KVM_EXIT_UNKNOWN,
    /// <summary>The guest accesses a port: <see cref="KvmVcpu.PortAccess"/>.</summary>
    Port = KvmHeader.KVM_EXIT_IO,
    /// <summary>The guest waits for an interrupt (HLT), and KVM has no interrupt controller for it.</summary>
    Halt = KvmHeader.KVM_EXIT_HLT,
    /// <summary>The guest accesses an address without memory: <see cref="KvmVcpu.MmioAccess"/>.</summary>
    Mmio = KvmHeader.KVM_EXIT_MMIO,
    /// <summary>The guest shut down, by a triple fault too.</summary>
    Shutdown = KvmHeader.KVM_EXIT_SHUTDOWN,
    /// <summary>The processor refused the guest's state.</summary>
    FailedEntry = KvmHeader.KVM_EXIT_FAIL_ENTRY,
    /// <summary>A signal interrupted the run (EINTR); the .NET runtime sends some. Run again.</summary>
    Interrupted = KvmHeader.KVM_EXIT_INTR,
    /// <summary>KVM cannot go on, for instance at an instruction that it does not emulate: <see cref="KvmVcpu.InternalError"/>.</summary>
    InternalError = KvmHeader.KVM_EXIT_INTERNAL_ERROR,
    /// <summary>The guest asked for a shutdown or reset.</summary>
    SystemEvent = KvmHeader.KVM_EXIT_SYSTEM_EVENT,
    /// <summary>Memory of the guest could not be had: <see cref="KvmVcpu.MemoryFault"/>. The instruction has not been executed.</summary>
    MemoryFault = KvmHeader.KVM_EXIT_MEMORY_FAULT,
}
