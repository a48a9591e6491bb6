using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation;

/// <content>Halting, interrupts, and the VMM that wants the vCPU back.</content>
public sealed partial class EmulatedGuest
{
    /// <summary>Halts the vCPU, as returning from the program does: without interrupt controllers in the kernel it stops (KVM_EXIT_HLT);
    /// with them the call returns when an interrupt is requested, which <see cref="WaitForInterrupt"/> takes.</summary>
    public void Halt()
    {
        EmulatedProcess process = CheckAccess();
        if (_vcpu.Apic is null)
        {
            throw Stop(KvmHeader.KVM_EXIT_HLT, 0);
        }

        if (_vcpu.Apic.Find(takes: false) < 0 && !_vcpu.Halt(process))
        {
            throw Stop(KvmHeader.KVM_EXIT_INTR, Refused.EINTR);
        }
    }

    /// <summary>Takes an interrupt, and halts the vCPU until there is one.</summary>
    /// <returns>The line that was raised (<see cref="KvmVm.SetIrqLine"/>).</returns>
    /// <remarks>
    /// The lines reach the first vCPU, as if the program had set the I/O APIC to deliver line n as vector 0x20 + n there, when their level
    /// rises. A request is kept in the local APIC's state until it is taken. Allocates nothing.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The VM has no interrupt controllers in the kernel.</exception>
    public int WaitForInterrupt()
    {
        Check();
        LocalApic apic = _vcpu.Apic
            ?? throw new InvalidOperationException("The VM has no interrupt controllers in the kernel (KvmVm.CreateIrqchip).");
        Halt();
        return apic.Find(takes: true) - KernelDevices.FirstVector;
    }

    private void HaltAtTheEnd()
    {
        if (_hasStopped)
        {
            return;
        }

        if (_vcpu.Apic is null)
        {
            Stop(KvmHeader.KVM_EXIT_HLT, 0);
            return;
        }

        Halt();
    }

    // An access that is not complete goes on first, and what the program reads on the way to it.
    private EmulatedProcess CheckAccess()
    {
        EmulatedProcess process = Check();
        return _vcpu.Shared.HasImmediateExit && !(_completesOnly && HasPending)
            ? throw Stop(KvmHeader.KVM_EXIT_INTR, Refused.EINTR)
            : process;
    }
}
