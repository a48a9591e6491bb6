using System.Reflection;
using LuoInterop.VmTesting;

namespace LuoInterop.Contract.Probes;

/// <summary>Runs what only a real kernel can show: probes that need a boot, a system setting or a process of their own.</summary>
/// <remarks>
/// A class of probes is a boot; each of its public methods is a probe and reports under its own name; it may take the kernel and the VM's
/// guest. Those with <see cref="InKernelAttribute"/> run after that many kexecs.
/// </remarks>
public static class ProbeRun
{
    /// <summary>Gets the classes of probes that run in one boot on a processor with virtualization, for KVM in the VM.</summary>
    public static IReadOnlyList<Type> WithVirtualization { get; } =
        [typeof(GuestMemfdCreation), typeof(GuestMemfdMapping), typeof(GuestMemfdRegions), typeof(GuestMemfdVcpu),
            typeof(GuestMemfdPreservation), typeof(GuestInterruptions)];

    /// <summary>Gets the classes of probes of a machine's state, which run in another boot on such a processor.</summary>
    public static IReadOnlyList<Type> OfMachineState { get; } =
        [typeof(KvmDevices), typeof(VcpuStructures), typeof(MachineMoves), typeof(MachineStateBytes), typeof(VcpuKicks), typeof(VcpuOrder)];

    public static IEnumerable<string> Names(Type boot) =>
        boot.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(static method => method.Name)
            .Order(StringComparer.Ordinal);

    /// <summary>Runs several classes of probes that need one kernel only, in one boot.</summary>
    public static int Run(Guest guest, params IEnumerable<string> boots) => boots.Max(boot => Run(guest, boot));

    public static int Run(Guest guest, string boot)
    {
        ArgumentNullException.ThrowIfNull(guest);
        Type type = typeof(ProbeRun).Assembly.GetType($"{typeof(ProbeRun).Namespace}.{boot}", throwOnError: true)!;
        foreach (string name in Names(type).Where(name => KernelOf(type, name) == guest.Stage))
        {
            try
            {
                MethodInfo probe = type.GetMethod(name)!;
                probe.Invoke(
                    null,
                    [.. probe.GetParameters()
                        .Select(parameter => parameter.ParameterType == typeof(Guest) ? guest : (object)Kernel.Linux)]);
                guest.Report(name, GuestOutcome.Passed);
            }
            catch (TargetInvocationException error)
            {
                guest.Report(name, GuestOutcome.Failed, error.InnerException!.ToString());
            }
        }

        if (guest.Stage < Kernels(type))
        {
            KexecImage image = KexecImage.Load(
                Kernel.Linux, guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine, KexecLoadOptions.WithoutLiveUpdate);
            Guest.Flush();
            image.Reboot();
        }

        return 0;
    }

    /// <summary>Counts the kernels that a class of probes needs.</summary>
    public static int Kernels(Type boot) => Names(boot).Max(name => KernelOf(boot, name));

    private static int KernelOf(Type boot, string name) => boot.GetMethod(name)!.GetCustomAttribute<InKernelAttribute>()?.Number ?? 1;
}

/// <summary>Says in which kernel a probe runs; the first without it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InKernelAttribute(int number) : Attribute
{
    public int Number { get; } = number;
}
