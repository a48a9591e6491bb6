using System.Reflection;
using LuoInterop.VmTesting;

namespace LuoInterop.Contract.Probes;

/// <summary>Runs what only a real kernel can show: probes that need a boot, a system setting or a process of their own.</summary>
/// <remarks>A class of probes is a boot; each of its public methods is a probe and reports under its own name.</remarks>
public static class ProbeRun
{
    public static IEnumerable<string> Names(Type boot) =>
        boot.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(static method => method.Name).Order(StringComparer.Ordinal);

    public static int Run(Guest guest, string boot)
    {
        ArgumentNullException.ThrowIfNull(guest);
        Type type = typeof(ProbeRun).Assembly.GetType($"{typeof(ProbeRun).Namespace}.{boot}", throwOnError: true)!;
        foreach (string name in Names(type))
        {
            try
            {
                type.GetMethod(name)!.Invoke(null, null);
                guest.Report(name, GuestOutcome.Passed);
            }
            catch (TargetInvocationException error)
            {
                guest.Report(name, GuestOutcome.Failed, error.InnerException!.ToString());
            }
        }

        return 0;
    }
}
