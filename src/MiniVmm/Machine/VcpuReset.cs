using System.Buffers.Binary;
using LuoInterop.Kvm;
using MiniVmm.Boot;

namespace MiniVmm.Machine;

/// <summary>Gives a new vCPU what firmware would have set before the first instruction.</summary>
internal static class VcpuReset
{
    // MSR_IA32_MISC_ENABLE and MSR_MTRRdefType of arch/x86/include/asm/msr-index.h.
    private const uint MiscEnable = 0x1a0;
    private const uint DefaultMemoryType = 0x2ff;
    private const ulong FastStrings = 1;
    private const ulong WriteBackByDefault = (1 << 11) | 6;

    // APIC_LVT0 and APIC_LVT1 of arch/x86/include/asm/apicdef.h.
    private const int LocalVector0 = 0x350;
    private const int LocalVector1 = 0x360;
    private const uint ExternalInterrupts = 7 << 8;
    private const uint Nmi = 4 << 8;

    private const ulong Protection = 1 << 0;
    private const ulong ExtensionType = 1 << 4;
    private const ulong Paging = 1UL << 31;
    private const ulong PhysicalAddressExtension = 1 << 5;
    private const ulong LongModeEnable = 1 << 8;
    private const ulong LongModeActive = 1 << 10;
    private const byte Code = 0xb;
    private const byte Data = 0x3;

    /// <summary>Sets what every vCPU needs: memory types, and the pins of the local APIC.</summary>
    public static void Prepare(KvmVcpu vcpu)
    {
        KvmMsr[] msrs = [new(MiscEnable, FastStrings), new(DefaultMemoryType, WriteBackByDefault)];
        if (vcpu.SetMsrs(msrs) is var count && count != msrs.Length)
        {
            throw new KvmStateException(KvmStateFault.Refused, $"KVM refuses the model-specific register 0x{msrs[count].Index:x}.");
        }

        byte[] apic = new byte[vcpu.GetStateSize(KvmVcpuStructure.LocalApic)];
        vcpu.GetState(KvmVcpuStructure.LocalApic, apic);
        BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(LocalVector0), ExternalInterrupts);
        BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(LocalVector1), Nmi);
        vcpu.SetState(KvmVcpuStructure.LocalApic, apic);
    }

    /// <summary>Makes a vCPU begin in 64-bit mode.</summary>
    public static void Enter(KvmVcpu vcpu, BootEntry entry)
    {
        KvmSpecialRegisters special = vcpu.SpecialRegisters;
        special.Cs = Segment(LongMode.CodeSelector, Code, special.Cs) with { L = 1 };
        KvmSegment data = Segment(LongMode.DataSelector, Data, special.Ds) with { Db = 1 };
        special.Ds = data;
        special.Es = data;
        special.Fs = data;
        special.Gs = data;
        special.Ss = data;
        special.Gdt = special.Gdt with { Base = entry.GdtAddress, Limit = entry.GdtLimit };
        special.Idt = special.Idt with { Base = 0, Limit = 0 };
        special.Cr0 = Protection | ExtensionType | Paging;
        special.Cr3 = entry.Cr3;
        special.Cr4 = PhysicalAddressExtension;
        special.Efer = LongModeEnable | LongModeActive;
        vcpu.SpecialRegisters = special;

        // Bit 1 of the flags is always set (EFLAGS, reserved).
        vcpu.Registers = new KvmRegisters { Rip = entry.Rip, Rsi = entry.Rsi, Rdi = entry.Rdi, Rsp = entry.Rsp, Rflags = 2 };
        vcpu.MpState = KvmMpState.Runnable;
    }

    private static KvmSegment Segment(ushort selector, byte type, KvmSegment old) => old with
    {
        Base = 0, Limit = 0xffff_ffff, Selector = selector, Type = type, Present = 1, Dpl = 0, Db = 0, S = 1, L = 0, G = 1, Unusable = 0,
    };
}
