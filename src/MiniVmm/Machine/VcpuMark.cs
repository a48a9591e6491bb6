using LuoInterop.Kvm;

namespace MiniVmm.Machine;

/// <summary>Is where a vCPU is at a moment at which it stands still; two that differ show that the guest has run.</summary>
/// <param name="Rip">The instruction pointer.</param>
/// <param name="Rsp">The stack pointer.</param>
/// <param name="Rax">A register that most code changes.</param>
/// <param name="State">Whether it halts.</param>
internal readonly record struct VcpuMark(ulong Rip, ulong Rsp, ulong Rax, KvmMpState State)
{
    public static VcpuMark Of(KvmVcpu vcpu)
    {
        KvmRegisters registers = vcpu.Registers;
        return new VcpuMark(registers.Rip, registers.Rsp, registers.Rax, vcpu.MpState);
    }
}
