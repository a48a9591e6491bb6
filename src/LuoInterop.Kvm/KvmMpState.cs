using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Says whether a vCPU runs. Other numbers are legal values too.</summary>
/// <remarks>Source: <c>include/uapi/linux/kvm.h</c>, Linux 7.3.</remarks>
public enum KvmMpState : uint
{
    /// <summary>It runs.</summary>
    Runnable = KvmX86Header.KVM_MP_STATE_RUNNABLE,
    /// <summary>It waits for INIT, as all but the first do after their creation.</summary>
    Uninitialized = KvmX86Header.KVM_MP_STATE_UNINITIALIZED,
    /// <summary>It has got INIT and waits for its start (SIPI).</summary>
    InitReceived = KvmX86Header.KVM_MP_STATE_INIT_RECEIVED,
    /// <summary>It waits for an interrupt (HLT).</summary>
    Halted = KvmX86Header.KVM_MP_STATE_HALTED,
    /// <summary>It has just got its start.</summary>
    SipiReceived = KvmX86Header.KVM_MP_STATE_SIPI_RECEIVED,
}
