using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>With a multiple of 51 sessions, a create that failed leaves an empty block behind, and the next kernel panics.</summary>
internal static class SessionCountCheck
{
    private const int SessionsOfABlock = 51;
    private static readonly KernelRelease s_first = new(7, 2);

    public static Finding Look(DiagnosedMachine machine)
    {
        ProcessFiles processes = machine.Processes;
        if (!processes.IsKnown)
        {
            return Finding.NotLookedAt("No processes are shown (/proc).");
        }

        if (machine.Kernel.Version is { } version && version < s_first)
        {
            return Finding.Ok("Linux before 7.2 has no blocks of sessions.");
        }

        int count = processes.Sessions.Select(ProcessFiles.SessionName).Distinct().Count();
        return count > 0 && count % SessionsOfABlock == 0
            ? Finding.Warn(
                $"{count} sessions are open, a multiple of {SessionsOfABlock}: if a create has failed with EEXIST since the last close of "
                    + "a session, the next kernel panics at boot (Linux 7.2 and 7.3).",
                "Make one more session, close it again, and only then kexec; KexecImage.Reboot does that by itself.")
            : processes.Unreadable > 0
                ? Finding.Unknown(
                    $"{count} sessions are seen; {processes.Unreadable} processes do not show their files to this user.", "Run as root.")
            : Finding.Ok($"{count} sessions are open.");
    }
}
