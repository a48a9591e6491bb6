using System.Buffers.Binary;
using System.Globalization;
using LuoInterop.Kvm;

namespace MiniVmm.Machine;

/// <summary>Says in words where a vCPU stands that comes to nothing.</summary>
internal static class VcpuPlace
{
    private const ulong InterruptFlag = 1UL << 9;
    private const int Vectors = 256;

    // APIC_ISR, APIC_IRR, APIC_LVTT, APIC_TMICT and APIC_TMCCT of arch/x86/include/asm/apicdef.h. A register has 32 of its 128 bits.
    private const int InService = 0x100;
    private const int Requested = 0x200;
    private const int TimerVector = 0x320;
    private const int TimerInitialCount = 0x380;
    private const int TimerCurrentCount = 0x390;
    private const int RegisterStep = 0x10;

    /// <summary>Describes a vCPU that stands still.</summary>
    public static string Of(KvmVcpu vcpu)
    {
        KvmRegisters registers = vcpu.Registers;
        KvmMpState state = vcpu.MpState;
        byte[] apic = new byte[vcpu.GetStateSize(KvmVcpuStructure.LocalApic)];
        vcpu.GetState(KvmVcpuStructure.LocalApic, apic);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"vCPU {vcpu.Id} at 0x{registers.Rip:x}, {state}, interrupts {((registers.Rflags & InterruptFlag) != 0 ? "on" : "off")}, "
            + $"requested [{Set(apic, Requested)}], in service [{Set(apic, InService)}], "
            + $"timer 0x{Register(apic, TimerVector):x} {Register(apic, TimerCurrentCount)} of {Register(apic, TimerInitialCount)}");
    }

    private static uint Register(byte[] apic, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(apic.AsSpan(offset));

    private static string Set(byte[] apic, int bank) => string.Join(' ', Enumerable.Range(0, Vectors)
        .Where(vector => (Register(apic, bank + (vector / 32 * RegisterStep)) >> (vector % 32) & 1) != 0)
        .Select(static vector => vector.ToString("x", CultureInfo.InvariantCulture)));
}
