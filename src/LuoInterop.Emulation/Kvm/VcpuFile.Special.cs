using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <content>Segments and control registers (arch/x86/kvm/regs.c).</content>
internal sealed partial class VcpuFile
{
    private const ulong ApicBaseEnable = 1 << 11;
    private const ulong ApicBaseX2 = 1 << 10;
    private const ulong ApicBaseFirst = 1 << 8;
    private const ulong ApicBaseReserved = 0x2ff;
    private const ulong ApicAddress = 0xfee00000;
    private const ulong AddressBits = (1UL << 40) - 1;

    private const ulong ProtectedMode = 1;
    private const ulong NotWriteThrough = 1UL << 29;
    private const ulong CacheDisable = 1UL << 30;
    private const ulong Paging = 1UL << 31;
    private const ulong PhysicalAddressExtension = 1 << 5;

    // VME to OSXMMEXCPT and UMIP; FSGSBASE, PCIDE, OSXSAVE, SMEP, SMAP.
    private const ulong Cr4Bits = 0xfff | (0x37UL << 16);

    private const ulong SystemCallEnable = 1;
    private const ulong LongModeEnable = 1 << 8;
    private const ulong LongModeActive = 1 << 10;
    private const ulong NoExecuteEnable = 1 << 11;

    private kvm_sregs2 _special;

    private bool IsPae =>
        (_special.cr0 & Paging) != 0 && (_special.cr4 & PhysicalAddressExtension) != 0 && (_special.efer & LongModeActive) == 0;

    private void ResetSpecial()
    {
        var data = new kvm_segment { limit = 0xffff, type = 3, present = 1, s = 1 };
        _special = new kvm_sregs2
        {
            cs = new kvm_segment { selector = 0xf000, @base = 0xffff0000, limit = 0xffff, type = 11, present = 1, s = 1 },
            ds = data, es = data, fs = data, gs = data, ss = data,
            tr = new kvm_segment { limit = 0xffff, type = 11, present = 1 },
            ldt = new kvm_segment { limit = 0xffff, type = 2, present = 1 },
            gdt = new kvm_dtable { limit = 0xffff },
            idt = new kvm_dtable { limit = 0xffff },
            cr0 = 0x60000010,
            apic_base = ApicAddress | ApicBaseEnable | (_id == 0 ? ApicBaseFirst : 0),
        };
    }

    private unsafe int SpecialIoctl(uint request, UserMemory argument)
    {
        kvm_sregs2 given = _special;
        kvm_sregs older = default;
        switch (request)
        {
            case KvmX86Header.KVM_GET_SREGS2:
                given.flags = IsPae ? KvmX86Header.KVM_SREGS2_FLAGS_PDPTRS_VALID : 0;
                return argument.CopyTo(Bytes(ref given));
            case KvmHeader.KVM_GET_SREGS:
                Bytes(ref given)[..SharedLength].CopyTo(Bytes(ref older));
                kvm_vcpu_events events = _events.Get();
                if (events.interrupt.injected != 0)
                {
                    older.interrupt_bitmap[events.interrupt.nr / 64] = 1UL << (events.interrupt.nr % 64);
                }

                return argument.CopyTo(Bytes(ref older));
            case KvmHeader.KVM_SET_SREGS:
                if (argument.CopyFrom(Bytes(ref older)) != 0)
                {
                    return Refused.EFAULT;
                }

                Bytes(ref older)[..SharedLength].CopyTo(Bytes(ref given));
                return SetSpecial(given);
            default:
                if (argument.CopyFrom(Bytes(ref given)) != 0)
                {
                    return Refused.EFAULT;
                }

                bool isPae = (given.cr0 & Paging) != 0 && (given.cr4 & PhysicalAddressExtension) != 0
                    && (given.efer & LongModeActive) == 0;
                return (given.flags & ~KvmX86Header.KVM_SREGS2_FLAGS_PDPTRS_VALID) != 0 || (given.flags != 0 && !isPae)
                    ? Refused.EINVAL
                    : SetSpecial(given);
        }
    }

    // The two structures begin alike, up to the APIC's base.
    private static unsafe int SharedLength => sizeof(kvm_sregs2) - (5 * sizeof(ulong));

    // __set_sregs_common.
    private int SetSpecial(kvm_sregs2 given)
    {
        if (!IsValid(given) || !IsValidApicBase(given.apic_base))
        {
            return Refused.EINVAL;
        }

        given.flags = 0;
        _special = given;
        return 0;
    }

    // kvm_is_valid_sregs.
    private bool IsValid(in kvm_sregs2 given)
    {
        bool isLong = (given.efer & LongModeEnable) != 0 && (given.cr0 & Paging) != 0;
        bool goTogether = isLong
            ? (given.cr4 & PhysicalAddressExtension) != 0 && (given.efer & LongModeActive) != 0 && (given.cr3 & ~AddressBits) == 0
            : (given.efer & LongModeActive) == 0 && given.cs.l == 0;
        return goTogether
            && (given.cr4 & ~Cr4Bits) == 0
            && given.cr0 <= uint.MaxValue
            && ((given.cr0 & NotWriteThrough) == 0 || (given.cr0 & CacheDisable) != 0)
            && ((given.cr0 & Paging) == 0 || (given.cr0 & ProtectedMode) != 0)
            && IsValidEfer(given.efer);
    }

    // kvm_valid_efer.
    private bool IsValidEfer(ulong efer) =>
        (efer & ~(SystemCallEnable | LongModeEnable | LongModeActive | NoExecuteEnable)) == 0
        && ((efer & (LongModeEnable | LongModeActive)) == 0 || Has(EmulatedCpuid.LongModeBit))
        && ((efer & NoExecuteEnable) == 0 || Has(EmulatedCpuid.NoExecuteBit));

    // kvm_apic_set_base: x2APIC needs the APIC to be on.
    private static bool IsValidApicBase(ulong value) =>
        (value & (ApicBaseReserved | ~AddressBits)) == 0 && (value & (ApicBaseEnable | ApicBaseX2)) != ApicBaseX2;

    private bool SetApicBase(ulong value)
    {
        bool isValid = IsValidApicBase(value);
        _special.apic_base = isValid ? value : _special.apic_base;
        return isValid;
    }
}
