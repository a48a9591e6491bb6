using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Loading kernels may be switched off until the next boot.</summary>
internal static class KexecDisabledCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        long? disabled = machine.Files.Number("/proc/sys/kernel/kexec_load_disabled");
        long? left = machine.Files.Number("/proc/sys/kernel/kexec_load_limit_reboot");
        string? why = disabled == 1 ? "kernel.kexec_load_disabled is 1" : left == 0 ? "kernel.kexec_load_limit_reboot is 0" : null;
        if (why is not null)
        {
            return KexecLoadedCheck.IsLoaded(machine) == true
                ? Finding.Warn($"{why}: the kernel that is loaded is the last one that can be.", "Only a boot takes that back.")
                : Finding.Fail($"{why}, and no kernel is loaded.", "Only a boot takes that back; see /etc/sysctl.d.");
        }

        return disabled is null
            ? Finding.NotLookedAt("kernel.kexec_load_disabled is not shown.")
            : Finding.Ok("Kernels can be loaded" + (left > 0 ? $" {left} times more." : "."));
    }
}
