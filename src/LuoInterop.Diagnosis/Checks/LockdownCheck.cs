using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Locked down, a kernel loads none that nobody signed.</summary>
internal static class LockdownCheck
{
    /// <summary>Gets the level, <c>none</c>, <c>integrity</c> or <c>confidentiality</c>; null where it is not shown.</summary>
    public static string? Level(DiagnosedMachine machine)
    {
        string text = machine.Files.Text("/sys/kernel/security/lockdown") ?? "";
        int start = text.IndexOf('[', StringComparison.Ordinal);
        int end = text.IndexOf(']', StringComparison.Ordinal);
        return start >= 0 && end > start ? text[(start + 1)..end] : null;
    }

    public static Finding Look(DiagnosedMachine machine)
    {
        string? level = Level(machine);
        if (machine.Kernel.Has("CONFIG_KEXEC_SIG_FORCE") == true)
        {
            return Finding.Warn(
                "CONFIG_KEXEC_SIG_FORCE is set: a kernel without a signature that this one knows is not loaded (ENOKEY, EKEYREJECTED).",
                "Load a kernel of the same distribution, or one that is signed with an enrolled key.");
        }

        return level switch
        {
            "none" => Finding.Ok("Lockdown is off: the next kernel needs no signature."),
            null => Finding.NotLookedAt("/sys/kernel/security/lockdown is not there: it is not built in, or securityfs is not mounted."),
            _ => Finding.Warn(
                $"Lockdown is '{level}': a kernel without a signature that this one knows is not loaded.",
                "Load a kernel of the same distribution, or one that is signed with an enrolled key."),
        };
    }
}
