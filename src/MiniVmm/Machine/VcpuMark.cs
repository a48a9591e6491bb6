using System.Buffers.Binary;
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
    // APIC_TMICT of arch/x86/include/asm/apicdef.h, MSR_IA32_TSC_DEADLINE of msr-index.h.
    private const int TimerInitialCount = 0x380;
    private const uint TscDeadline = 0x6e0;

    public static VcpuMark Of(KvmVcpu vcpu)
    {
        KvmMpState state = vcpu.MpState;
        byte[] apic = new byte[vcpu.GetStateSize(KvmVcpuStructure.LocalApic)];
        vcpu.GetState(KvmVcpuStructure.LocalApic, apic);
        KvmMsr[] deadline = [new KvmMsr(TscDeadline)];
        ulong value = vcpu.GetMsrs(deadline) == 1 ? deadline[0].Value : 0;
        return new VcpuMark(vcpu.Registers, state, BinaryPrimitives.ReadUInt32LittleEndian(apic.AsSpan(TimerInitialCount)), value);
    }
}
