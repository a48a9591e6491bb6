using System.Reflection;
using LuoInterop.Contract.Probes;
using LuoInterop.Emulation;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Shows what KVM answers of a machine's state on the emulated kernel: the same probes that Linux is held to
/// (<see cref="MachineStateTests"/>), but for those that need a processor which executes code.</summary>
public sealed class EmulatedMachineStateTests
{
    private static readonly Type[] s_classes = [.. ProbeRun.OfMachineState.Except([typeof(VcpuOrder)])];

    public static TheoryData<string> Probes => [.. s_classes.SelectMany(ProbeRun.Names)];

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
