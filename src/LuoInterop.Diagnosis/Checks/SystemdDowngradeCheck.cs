using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>A systemd that is older than the one that wrote the session finishes it all the same, and its memory is gone.</summary>
internal static class SystemdDowngradeCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (SystemdVersion.IsProcess1(machine.Files) != true)
        {
            return Finding.NotLookedAt("Process 1 is not systemd, or is not shown.");
        }

        int? running = SystemdVersion.Running(machine.Files);
        int? installed = SystemdVersion.Installed(machine.Files);
        return running is null || installed is null
            ? Finding.NotLookedAt("The version that runs (/proc/1/maps, for root) or the installed one is not shown.")
            : running < SystemdVersion.FirstWithLiveUpdate ? Finding.NotLookedAt($"systemd {running} carries nothing over.")
            : installed < running
                ? Finding.Fail(
                    $"systemd {running} runs and writes the session, and {installed} is installed and would read it: it finishes the "
                        + "session even where it does not understand it, and the memory is gone.",
                    $"Install systemd {running} or later before the kexec.")
            : Finding.Ok($"systemd {running} runs, {installed} is installed.");
    }
}
