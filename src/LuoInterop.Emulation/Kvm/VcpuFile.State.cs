using System.Runtime.CompilerServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <content>The structures of the state (kvm_arch_vcpu_ioctl of arch/x86/kvm/x86.c).</content>
internal sealed partial class VcpuFile
{
    private const uint DebugActiveLow = 0xffff_0ff0;
    private const uint DebugControlFixed = 0x400;

    private readonly ExtendedState _extended = new();
    private readonly PendingEvents _events = new();
    private kvm_debugregs _debug;
    private uint _mpState;

    // kvm_vcpu_reset.
    private void Reset()
    {
        _registers = new KvmRegisters { Rip = 0xfff0, Rflags = 2, Rdx = 0x600 };
        _debug = new kvm_debugregs { dr6 = DebugActiveLow, dr7 = DebugControlFixed };
        _mpState = Apic is null || _id == 0 ? KvmX86Header.KVM_MP_STATE_RUNNABLE : KvmX86Header.KVM_MP_STATE_UNINITIALIZED;
        ResetSpecial();
    }

    private int StateIoctl(uint request, UserMemory argument)
    {
        switch (request)
        {
            case KvmHeader.KVM_GET_REGS:
                return argument.CopyTo(Bytes(ref _registers));
            case KvmHeader.KVM_SET_REGS:
                return SetRegisters(argument);
            case KvmHeader.KVM_GET_SREGS or KvmHeader.KVM_SET_SREGS or KvmX86Header.KVM_GET_SREGS2 or KvmX86Header.KVM_SET_SREGS2:
                return SpecialIoctl(request, argument);
            case KvmX86Header.KVM_GET_LAPIC or KvmX86Header.KVM_SET_LAPIC:
                return ApicIoctl(request, argument);
            case KvmX86Header.KVM_GET_MP_STATE:
                return argument.CopyTo(Bytes(ref _mpState));
            case KvmX86Header.KVM_SET_MP_STATE:
                return SetMpState(argument);
            case KvmX86Header.KVM_GET_VCPU_EVENTS:
                kvm_vcpu_events events = _events.Get();
                return argument.CopyTo(Bytes(ref events));
            case KvmX86Header.KVM_SET_VCPU_EVENTS:
                kvm_vcpu_events newEvents = default;
                return argument.CopyFrom(Bytes(ref newEvents)) != 0 ? Refused.EFAULT
                    : _events.TrySet(newEvents, Vm.HasExceptionPayload) ? 0
                    : Refused.EINVAL;
            case KvmX86Header.KVM_GET_DEBUGREGS:
                return argument.CopyTo(Bytes(ref _debug));
            case KvmX86Header.KVM_SET_DEBUGREGS:
                return SetDebugRegisters(argument);
            case KvmX86Header.KVM_GET_XCRS or KvmX86Header.KVM_SET_XCRS:
                return ControlIoctl(request, argument);
            case KvmX86Header.KVM_GET_XSAVE2:
                return argument.CopyTo(_extended.Bytes);
            case KvmX86Header.KVM_SET_XSAVE:
                Span<byte> state = stackalloc byte[ExtendedState.Size];
                return argument.CopyFrom(state) != 0 ? Refused.EFAULT : _extended.TrySet(state) ? 0 : Refused.EINVAL;
            default:
                return Refused.EINVAL;
        }
    }

    private int SetRegisters(UserMemory argument)
    {
        KvmRegisters given = default;
        int error = argument.CopyFrom(Bytes(ref given));
        if (error == 0)
        {
            // X86_EFLAGS_FIXED; and what was pending is not any more.
            given.Rflags |= 2;
            _registers = given;
            _events.DropPending();
        }

        return error;
    }

    private int ApicIoctl(uint request, UserMemory argument)
    {
        if (Apic is null)
        {
            return Refused.EINVAL;
        }

        Span<byte> registers = stackalloc byte[LocalApic.Size];
        if (request == KvmX86Header.KVM_GET_LAPIC)
        {
            Apic.CopyTo(registers);
            return argument.CopyTo(registers);
        }

        int error = argument.CopyFrom(registers);
        if (error == 0)
        {
            Apic.Set(registers);
        }

        return error;
    }

    // kvm_arch_vcpu_ioctl_set_mpstate.
    private int SetMpState(UserMemory argument)
    {
        uint state = 0;
        if (argument.CopyFrom(Bytes(ref state)) != 0)
        {
            return Refused.EFAULT;
        }

        if (state > KvmX86Header.KVM_MP_STATE_SIPI_RECEIVED || (state != KvmX86Header.KVM_MP_STATE_RUNNABLE && Apic is null))
        {
            return Refused.EINVAL;
        }

        // A start that was received is what runs: there is no code that it could begin at.
        _mpState = state == KvmX86Header.KVM_MP_STATE_SIPI_RECEIVED ? KvmX86Header.KVM_MP_STATE_RUNNABLE : state;
        return 0;
    }

    private int SetDebugRegisters(UserMemory argument)
    {
        kvm_debugregs given = default;
        if (argument.CopyFrom(Bytes(ref given)) != 0)
        {
            return Refused.EFAULT;
        }

        if (given.flags != 0 || given.dr6 > uint.MaxValue || given.dr7 > uint.MaxValue)
        {
            return Refused.EINVAL;
        }

        kvm_debugregs kept = default;
        Unsafe.CopyBlock(ref Bytes(ref kept)[0], ref Bytes(ref given)[0], 6 * sizeof(ulong));
        _debug = kept;
        return 0;
    }

    // kvm_vcpu_ioctl_x86_get_xcrs, kvm_vcpu_ioctl_x86_set_xcrs.
    private unsafe int ControlIoctl(uint request, UserMemory argument)
    {
        Span<byte> bytes = stackalloc byte[(2 * sizeof(uint)) + (KvmX86Header.KVM_MAX_XCRS * sizeof(kvm_xcr)) + (16 * sizeof(ulong))];
        Span<uint> header = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(bytes[..(2 * sizeof(uint))]);
        Span<kvm_xcr> xcrs = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, kvm_xcr>(
            bytes.Slice(2 * sizeof(uint), KvmX86Header.KVM_MAX_XCRS * sizeof(kvm_xcr)));
        if (request == KvmX86Header.KVM_GET_XCRS)
        {
            bytes.Clear();
            header[0] = 1;
            xcrs[0].value = _extended.Control;
            return argument.CopyTo(bytes);
        }

        if (argument.CopyFrom(bytes) != 0)
        {
            return Refused.EFAULT;
        }

        if (header[0] > KvmX86Header.KVM_MAX_XCRS || header[1] != 0)
        {
            return Refused.EINVAL;
        }

        foreach (kvm_xcr xcr in xcrs[..(int)header[0]])
        {
            if (xcr.xcr == 0)
            {
                return _extended.TrySetControl(xcr.value, GuestXfeatures) ? 0 : Refused.EINVAL;
            }
        }

        return 0;
    }
}
