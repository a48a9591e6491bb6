using System.Runtime.CompilerServices;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Says which requests get and set a structure.</summary>
internal static class KvmStructures
{
    private const int XcrsSize = 392;
    private const int EventsSize = 64;
    private const int DebugRegistersSize = 128;
    private const int LocalApicSize = 1024;
    private const int PitSize = 112;

    /// <param name="Get">The request that reads it.</param>
    /// <param name="Set">The request that gives it.</param>
    /// <param name="Size">Its size in bytes; 0 where the kernel says it.</param>
    /// <param name="Getting">Names the first.</param>
    /// <param name="Setting">Names the second.</param>
    public readonly record struct Requests(uint Get, uint Set, int Size, KvmOperation Getting, KvmOperation Setting);

    public static Requests Of(KvmVcpuStructure structure) => structure switch
    {
        KvmVcpuStructure.Registers => new(
            KvmHeader.KVM_GET_REGS, KvmHeader.KVM_SET_REGS, Unsafe.SizeOf<kvm_regs>(), KvmOperation.GetRegisters,
            KvmOperation.SetRegisters),
        KvmVcpuStructure.SpecialRegisters => new(
            KvmX86Header.KVM_GET_SREGS2, KvmX86Header.KVM_SET_SREGS2, Unsafe.SizeOf<kvm_sregs2>(), KvmOperation.GetSpecialRegisters,
            KvmOperation.SetSpecialRegisters),
        KvmVcpuStructure.MpState => new(
            KvmX86Header.KVM_GET_MP_STATE, KvmX86Header.KVM_SET_MP_STATE, sizeof(uint), KvmOperation.GetMpState, KvmOperation.SetMpState),
        KvmVcpuStructure.Events => new(
            KvmX86Header.KVM_GET_VCPU_EVENTS, KvmX86Header.KVM_SET_VCPU_EVENTS, EventsSize, KvmOperation.GetEvents, KvmOperation.SetEvents),
        KvmVcpuStructure.DebugRegisters => new(
            KvmX86Header.KVM_GET_DEBUGREGS, KvmX86Header.KVM_SET_DEBUGREGS, DebugRegistersSize, KvmOperation.GetDebugRegisters,
            KvmOperation.SetDebugRegisters),
        KvmVcpuStructure.ExtendedControlRegisters => new(
            KvmX86Header.KVM_GET_XCRS, KvmX86Header.KVM_SET_XCRS, XcrsSize, KvmOperation.GetXcrs, KvmOperation.SetXcrs),
        KvmVcpuStructure.ExtendedState => new(
            KvmX86Header.KVM_GET_XSAVE2, KvmX86Header.KVM_SET_XSAVE, 0, KvmOperation.GetXsave, KvmOperation.SetXsave),
        KvmVcpuStructure.LocalApic => new(
            KvmX86Header.KVM_GET_LAPIC, KvmX86Header.KVM_SET_LAPIC, LocalApicSize, KvmOperation.GetLapic, KvmOperation.SetLapic),
        KvmVcpuStructure.NestedState => new(
            KvmX86Header.KVM_GET_NESTED_STATE, KvmX86Header.KVM_SET_NESTED_STATE, 0, KvmOperation.GetNestedState,
            KvmOperation.SetNestedState),
        _ => throw new ArgumentOutOfRangeException(nameof(structure), structure, null),
    };

    public static Requests Of(KvmVmStructure structure) => structure switch
    {
        KvmVmStructure.Clock => new(
            KvmX86Header.KVM_GET_CLOCK, KvmX86Header.KVM_SET_CLOCK, Unsafe.SizeOf<kvm_clock_data>(), KvmOperation.GetClock,
            KvmOperation.SetClock),
        KvmVmStructure.Pit => new(
            KvmX86Header.KVM_GET_PIT2, KvmX86Header.KVM_SET_PIT2, PitSize, KvmOperation.GetPit, KvmOperation.SetPit),
        KvmVmStructure.PicMaster or KvmVmStructure.PicSlave or KvmVmStructure.IoApic => new(
            KvmX86Header.KVM_GET_IRQCHIP, KvmX86Header.KVM_SET_IRQCHIP, Unsafe.SizeOf<kvm_irqchip>(), KvmOperation.GetIrqchip,
            KvmOperation.SetIrqchip),
        _ => throw new ArgumentOutOfRangeException(nameof(structure), structure, null),
    };

    /// <summary>Gives the number of an interrupt controller (KVM_IRQCHIP_), or null where the structure is none.</summary>
    public static uint? ChipOf(KvmVmStructure structure) => structure switch
    {
        KvmVmStructure.PicMaster => KvmX86Header.KVM_IRQCHIP_PIC_MASTER,
        KvmVmStructure.PicSlave => KvmX86Header.KVM_IRQCHIP_PIC_SLAVE,
        KvmVmStructure.IoApic => KvmX86Header.KVM_IRQCHIP_IOAPIC,
        _ => null,
    };
}
