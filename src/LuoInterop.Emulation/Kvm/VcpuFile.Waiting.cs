using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <content>Waiting for an interrupt inside of KVM_RUN (kvm_vcpu_block of virt/kvm/kvm_main.c).</content>
internal sealed partial class VcpuFile
{
    // How long immediate_exit can go unseen: another thread sets it in shared memory, which wakes nobody.
    private const int MillisecondsBetweenLooks = 1;

    /// <summary>Halts until an interrupt is requested: false when the VMM wants the vCPU back, which still waits then.</summary>
    public bool Halt(EmulatedProcess process)
    {
        _mpState = KvmX86Header.KVM_MP_STATE_HALTED;
        return WaitUntilRunnable(process);
    }

    private bool WaitUntilRunnable(EmulatedProcess process)
    {
        while (!Shared.HasImmediateExit)
        {
            process.ThrowIfDead();
            bool isRequested = Apic!.Wait(MillisecondsBetweenLooks);

            // INIT and its start come from other vCPUs, whose programs have no way to send them.
            if (isRequested && _mpState == KvmX86Header.KVM_MP_STATE_HALTED)
            {
                _mpState = KvmX86Header.KVM_MP_STATE_RUNNABLE;
                return true;
            }

            if (isRequested)
            {
                Thread.Sleep(MillisecondsBetweenLooks);
            }
        }

        return false;
    }
}
