using System.Globalization;
using LuoInterop.Kvm;

namespace MiniVmm.Machine;

/// <summary>Says in words where a vCPU stands that comes to nothing.</summary>
internal static class VcpuPlace
{
    private const ulong InterruptFlag = 1UL << 9;

    /// <summary>Describes a vCPU that stands still.</summary>
    public static string Of(KvmVcpu vcpu)
    {
        KvmRegisters registers = vcpu.Registers;
        KvmMpState state = vcpu.MpState;
        var apic = new LocalApic(vcpu);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"vCPU {vcpu.Id} at 0x{registers.Rip:x}, {state}, interrupts {((registers.Rflags & InterruptFlag) != 0 ? "on" : "off")}, "
            + $"requested [{Words(apic, LocalApic.Requested)}], in service [{Words(apic, LocalApic.InService)}], "
            + $"timer 0x{apic[LocalApic.TimerVector]:x} {apic[LocalApic.TimerCurrentCount]} of {apic[LocalApic.TimerInitialCount]}");
    }

    private static string Words(LocalApic apic, int bank) =>
        string.Join(' ', apic.Set(bank).Select(static vector => vector.ToString("x", CultureInfo.InvariantCulture)));
}
