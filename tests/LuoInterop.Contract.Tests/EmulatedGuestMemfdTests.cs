using System.Reflection;
using LuoInterop.Contract.Probes;
using LuoInterop.Emulation;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Shows what guest_memfd does on the emulated kernel: the same probes that Linux is held to
/// (<see cref="GuestMemfdTests"/>).</summary>
public sealed class EmulatedGuestMemfdTests
{
    // What they show is the real processor's, KVM's instruction emulator's, or another process' of the host.
    private static readonly HashSet<string> s_realOnly =
    [
        nameof(GuestMemfdVcpu.Vcpu_StringInstruction_IsReadByKvmThroughTheUserAddress),
        nameof(GuestMemfdVcpu.Vcpu_KeepsTheMappingsOfItsRegions),
        nameof(GuestMemfdVcpu.Vcpu_AfterATripleFault_Shutdown),
        nameof(GuestMemfdVcpu.Vcpu_AtCodeWithoutMemory_InternalError),
        nameof(GuestMemfdVcpu.Vcpu_RunsAndDecodesWithoutAllocating),
        nameof(GuestMemfdVcpu.Vm_InAnotherProcess_EIO_AndItsFileWorks),
    ];

    private static readonly Type[] s_classes =
        [typeof(GuestMemfdCreation), typeof(GuestMemfdMapping), typeof(GuestMemfdRegions), typeof(GuestMemfdVcpu)];

    public static TheoryData<string> Probes => [.. s_classes.SelectMany(ProbeRun.Names).Where(static name => !s_realOnly.Contains(name))];

    [Theory]
    [MemberData(nameof(Probes))]
    public void Probe_Holds(string name)
    {
        using var machine =
            new EmulatedMachine(new EmulatedMachineOptions { Release = "7.3.4-rfc-guest-memfd", DefaultGuest = RealModeGuest.Run });
        MethodInfo probe = s_classes.Select(type => type.GetMethod(name)).First(static method => method is not null)!;
        probe.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [machine.Boot()], null);
    }
}
