using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <content>The time stamp counter, and the registers that are more than a value.</content>
internal sealed partial class VcpuFile
{
    private const uint ApicBase = 0x1b;
    private const uint Efer = 0xc000_0080;

    // tsc_tolerance_ppm.
    private const long TolerancePerMillion = 250;

    private int _tscKhz = EmulatedTime.TscKhz;
    private ulong _tscOffset = 0 - EmulatedTime.Tsc;

    private bool IsApicOn => Apic is not null && (_special.apic_base & ApicBaseEnable) != 0;

    // kvm_set_tsc_khz, on a processor that cannot scale: faster is caught up with, slower is not.
    private int SetTscKhz(uint frequency)
    {
        frequency = frequency == 0 ? EmulatedTime.TscKhz : frequency;
        _tscKhz = (int)frequency;
        const long Tolerance = EmulatedTime.TscKhz * TolerancePerMillion / 1_000_000;
        return frequency < EmulatedTime.TscKhz - Tolerance ? Refused.EINVAL : 0;
    }

    private int Attribute(uint request, UserMemory argument)
    {
        kvm_device_attr attribute = default;
        if (argument.CopyFrom(Bytes(ref attribute)) != 0)
        {
            return Refused.EFAULT;
        }

        if (attribute.group != KvmX86Header.KVM_VCPU_TSC_CTRL || attribute.attr != KvmX86Header.KVM_VCPU_TSC_OFFSET)
        {
            return Refused.ENXIO;
        }

        var address = new UserMemory((nint)attribute.addr);
        return request switch
        {
            KvmX86Header.KVM_GET_DEVICE_ATTR => address.CopyTo(Bytes(ref _tscOffset)),
            KvmX86Header.KVM_SET_DEVICE_ATTR => address.CopyFrom(Bytes(ref _tscOffset)),
            _ => 0,
        };
    }

    private bool TryGetApart(uint index, out ulong value)
    {
        value = index switch
        {
            MsrIndexHeader.MSR_IA32_TSC => EmulatedTime.Tsc + _tscOffset,
            MsrIndexHeader.MSR_IA32_TSC_DEADLINE => IsApicOn ? Apic!.Deadline : 0,
            ApicBase => _special.apic_base,
            Efer => _special.efer,
            _ => 0,
        };
        return index is MsrIndexHeader.MSR_IA32_TSC or MsrIndexHeader.MSR_IA32_TSC_DEADLINE or MsrIndexHeader.MSR_IA32_XSS or ApicBase
            or Efer;
    }

    private bool TrySetMsr(in KvmMsr msr)
    {
        switch (msr.Index)
        {
            case MsrIndexHeader.MSR_IA32_TSC:
                _tscOffset = msr.Value - EmulatedTime.Tsc;
                return true;
            case MsrIndexHeader.MSR_IA32_TSC_DEADLINE:
                if (IsApicOn)
                {
                    Apic!.Deadline = msr.Value;
                }

                return true;
            case ApicBase:
                return SetApicBase(msr.Value);
            case Efer:
                bool isValid = IsValidEfer(msr.Value);
                _special.efer = isValid ? msr.Value : _special.efer;
                return isValid;
            case MsrIndexHeader.MSR_IA32_XSS:
                // It can be read; the processor has no XSAVES, and no list names it.
                return false;
            default:
                return _msrs.TrySet(msr.Index, msr.Value);
        }
    }
}
