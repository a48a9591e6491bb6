using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds a vCPU's exceptions, interrupts and NMIs that are under way (kvm_vcpu_ioctl_x86_set_vcpu_events).</summary>
internal sealed class PendingEvents
{
    private const uint Known = KvmX86Header.KVM_VCPUEVENT_VALID_NMI_PENDING | KvmX86Header.KVM_VCPUEVENT_VALID_SIPI_VECTOR
        | KvmX86Header.KVM_VCPUEVENT_VALID_SHADOW | KvmX86Header.KVM_VCPUEVENT_VALID_SMM | KvmX86Header.KVM_VCPUEVENT_VALID_PAYLOAD
        | KvmX86Header.KVM_VCPUEVENT_VALID_TRIPLE_FAULT;

    private const uint Given = KvmX86Header.KVM_VCPUEVENT_VALID_NMI_PENDING | KvmX86Header.KVM_VCPUEVENT_VALID_SHADOW
        | KvmX86Header.KVM_VCPUEVENT_VALID_SMM;

    // KVM_X86_SHADOW_INT_MOV_SS and KVM_X86_SHADOW_INT_STI.
    private const byte BothShadows = 3;

    private const int Nmi = 2;
    private const int LastException = 31;
    private const int MostNmis = 2;

    private kvm_vcpu_events _events = new() { flags = Given };

    public kvm_vcpu_events Get() => _events;

    /// <summary>Drops a pending exception, as KVM_SET_REGS does.</summary>
    public void DropPending() => _events.exception.pending = 0;

    public bool TrySet(kvm_vcpu_events events, bool hasPayload)
    {
        bool isPayload = (events.flags & KvmX86Header.KVM_VCPUEVENT_VALID_PAYLOAD) != 0;
        if ((events.flags & ~Known) != 0 || (isPayload && !hasPayload))
        {
            return false;
        }

        if (!isPayload)
        {
            events.exception.pending = 0;
            events.exception_has_payload = 0;
        }
        else if (events.exception.pending != 0)
        {
            events.exception.injected = 0;
        }
        else
        {
            events.exception_has_payload = 0;
        }

        // KVM_CAP_X86_TRIPLE_FAULT_EVENT cannot be switched on here.
        if (((events.exception.injected | events.exception.pending) != 0 && events.exception.nr is > LastException or Nmi)
            || (events.flags & KvmX86Header.KVM_VCPUEVENT_VALID_TRIPLE_FAULT) != 0)
        {
            return false;
        }

        kvm_vcpu_events kept = default;
        kept.exception = events.exception;
        kept.exception_has_payload = events.exception_has_payload;
        kept.exception_payload = events.exception_payload;
        kept.interrupt = events.interrupt;

        // AMD's processors have one shadow for both instructions that cast one (svm_get_interrupt_shadow).
        kept.interrupt.shadow = !Takes(events, KvmX86Header.KVM_VCPUEVENT_VALID_SHADOW) ? _events.interrupt.shadow
            : events.interrupt.shadow != 0 ? BothShadows
            : (byte)0;
        kept.nmi = events.nmi;
        kept.nmi.pending = Takes(events, KvmX86Header.KVM_VCPUEVENT_VALID_NMI_PENDING) ? events.nmi.pending : _events.nmi.pending;

        // process_nmi: one more while one is handled, two else.
        kept.nmi.pending = (byte)Math.Min(kept.nmi.pending, (events.nmi.masked | events.nmi.injected) != 0 ? 1 : MostNmis);
        kept.smi = Takes(events, KvmX86Header.KVM_VCPUEVENT_VALID_SMM) ? events.smi : _events.smi;
        kept.flags = Given | (hasPayload ? KvmX86Header.KVM_VCPUEVENT_VALID_PAYLOAD : 0);
        _events = kept;
        return true;
    }

    private static bool Takes(in kvm_vcpu_events events, uint flag) => (events.flags & flag) != 0;
}
