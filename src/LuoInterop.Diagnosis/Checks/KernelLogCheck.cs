using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>KHO and LUO say in the kernel's log why they are off, or dropped what was handed over.</summary>
internal static class KernelLogCheck
{
    // Source: pr_warn and pr_err of kernel/liveupdate, Linux 7.3.
    private static readonly (string Words, string Remedy)[] s_troubles =
    [
        ("disabling kexec handover", "Boot with less memory reserved, or a smaller kho_scratch=."),
        ("Failed to reserve", "Boot with less memory reserved, or a smaller kho_scratch=."),
        ("Failed to extend scratch", "Boot with more memory, or a smaller kho_scratch=."),
        ("disabling KHO revival", "What was handed over is lost; update between kernels of one format (luoctl check-next)."),
        ("Disabling liveupdate", "Boot with kho=on liveupdate=on."),
        ("incompatible", "Update between kernels of one format (luoctl check-next)."),
        ("disabled in the kdump kernel", "Boot an ordinary kernel."),
        ("failed to ", "Look at the whole log; what was handed over may be lost."),
        ("Failed to ", "Look at the whole log; what was handed over may be lost."),
        ("too small", "Look at the whole log; what was handed over may be lost."),
        ("not supported", "Look at the whole log; what was handed over may be lost."),
        ("broken KHO subnode", "Look at the whole log; what was handed over may be lost."),
        ("Unable to finish session", "Its memory stays reserved until the next reboot."),
    ];

    public static Finding Look(DiagnosedMachine machine)
    {
        if (machine.Log is not { } log)
        {
            return Finding.NotLookedAt(machine.Files.IsLive
                ? "This user may not read the kernel's log (/dev/kmsg)."
                : "There is no var/log/dmesg.");
        }

        foreach ((string words, string remedy) in s_troubles)
        {
            if (log.FirstOrDefault(message => message.Contains(words, StringComparison.Ordinal)) is { } message)
            {
                return Finding.Warn($"The kernel said '{message}'.", remedy);
            }
        }

        return Finding.Ok(log.Count == 0
            ? "It has nothing of KHO or LUO."
            : $"It has {log.Count} {(log.Count == 1 ? "message" : "messages")} of KHO and LUO, and none of trouble.");
    }
}
