namespace LuoInterop.Emulation.Kvm;

/// <summary>Leaves a guest's program when the vCPU stops.</summary>
internal sealed class GuestExitException()
    : Exception("The vCPU stopped. Let this exception pass: the program is begun again at the next KVM_RUN.");
