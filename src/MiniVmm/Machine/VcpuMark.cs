using LuoInterop.Kvm;

namespace MiniVmm.Machine;

/// <summary>Is where a vCPU is at a moment at which it stands still. Two that differ show that the guest has run: nothing in it changes
/// by the passing of time alone.</summary>
/// <remarks>A vCPU that halts is often at the same instruction again; then its timer was set anew.</remarks>
/// <param name="Registers">The general registers.</param>
/// <param name="State">Whether it halts.</param>
/// <param name="TimerCount">What the guest gave the local APIC's timer.</param>
/// <param name="Deadline">What it gave it in deadline mode.</param>
internal readonly record struct VcpuMark(KvmRegisters Registers, KvmMpState State, uint TimerCount, ulong Deadline)
{
    // MSR_IA32_TSC_DEADLINE of arch/x86/include/asm/msr-index.h.
    private const uint TscDeadline = 0x6e0;

    public static VcpuMark Of(KvmVcpu vcpu)
    {
        KvmMpState state = vcpu.MpState;
        uint count = new LocalApic(vcpu)[LocalApic.TimerInitialCount];
        KvmMsr[] deadline = [new KvmMsr(TscDeadline)];
        ulong value = vcpu.GetMsrs(deadline) == 1 ? deadline[0].Value : 0;
        return new VcpuMark(vcpu.Registers, state, count, value);
    }
}
