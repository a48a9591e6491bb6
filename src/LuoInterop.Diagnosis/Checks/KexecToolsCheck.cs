using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>kexec-tools tries kexec_file_load(2), and then, without a word, kexec_load(2), which loses everything.</summary>
internal static class KexecToolsCheck
{
    private static readonly string[] s_places = ["/usr/sbin/kexec", "/sbin/kexec", "/usr/bin/kexec"];

    public static Finding Look(DiagnosedMachine machine)
    {
        if (s_places.FirstOrDefault(machine.Files.Exists) is not { } tool)
        {
            return Finding.Ok("kexec-tools is not installed.");
        }

        if (KexecLoadCallCheck.WhyOnlyFileLoad(machine) is { } why)
        {
            return Finding.Ok($"{tool} can use kexec_file_load(2) only: {why}.");
        }

        string settings = machine.Files.Text("/etc/default/kexec") ?? "";
        bool loads = settings.Split('\n').Any(static line => line.Trim().Trim('"') is "LOAD_KEXEC=true" or "LOAD_KEXEC=\"true");
        return Finding.Warn(
            $"{tool} falls back to kexec_load(2) without a word (its default, -a), and then nothing is carried."
                + (loads ? " /etc/default/kexec lets it load a kernel at each reboot (LOAD_KEXEC=true)." : ""),
            loads ? "Set LOAD_KEXEC=false, and load with kexec -s -l." : "Load with kexec -s -l only.");
    }
}
