using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>An image that kexec_load(2) loaded starts as any, and gets nothing of what was preserved.</summary>
internal static class KexecLoadCallCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (KexecLoadedCheck.IsLoaded(machine) != true)
        {
            return Finding.NotLookedAt("No kernel is loaded.");
        }

        if (machine.Kernel.Has("CONFIG_KEXEC_FILE") == false)
        {
            return Finding.Fail(
                "This kernel has kexec_load(2) only: the loaded kernel gets nothing of what is preserved.",
                "Use a kernel with CONFIG_KEXEC_FILE.");
        }

        return WhyOnlyFileLoad(machine) is { } why
            ? Finding.Ok($"It was kexec_file_load(2): {why}.")
            : Finding.Unknown(
                "A kernel is loaded, and Linux does not tell by which call. One of kexec_load(2), as kexec -a may use, loses everything "
                    + "that is preserved, without a word.",
                "Load it again in a way that is known: kexec -s -l IMAGE, or KexecImage.Load.");
    }

    /// <summary>Says why kexec_load(2) cannot have been used; null where it can.</summary>
    public static string? WhyOnlyFileLoad(DiagnosedMachine machine) =>
        machine.Kernel.Has("CONFIG_KEXEC") == false ? "this kernel has no other (CONFIG_KEXEC is not set)"
        : LockdownCheck.Level(machine) is { } level and not "none" ? $"lockdown ({level}) refuses kexec_load(2)"
        : null;
}
