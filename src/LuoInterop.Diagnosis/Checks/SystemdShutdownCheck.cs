using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>At shutdown systemd opens the device for its own session: who holds it then, takes that away.</summary>
internal static class SystemdShutdownCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (SystemdVersion.IsProcess1(machine.Files) != true)
        {
            return Finding.NotLookedAt("Process 1 is not systemd, or is not shown.");
        }

        int? version = SystemdVersion.Running(machine.Files) ?? SystemdVersion.Installed(machine.Files);
        if (version is null or < SystemdVersion.FirstWithLiveUpdate)
        {
            return Finding.NotLookedAt($"systemd {version?.ToString() ?? "of an unknown version"} does not open the device.");
        }

        HoldingProcess[] others = [.. machine.Processes.Device.Select(static file => file.Process)
            .Where(static holder => holder.Id != 1).Distinct()];
        if (others.Length > 0)
        {
            return Finding.Warn(
                $"{others[0]} has the device open. Where it still has at shutdown, systemd {version} cannot carry the stores of units over "
                    + "(EBUSY); what systemd opens then, nobody else can.",
                "Close the device as soon as the sessions are made: they live on without it. "
                    + "Let systemd make them (LUOSession=, since 262).");
        }

        string[] hijacked = [.. machine.Processes.Sessions.Where(static session =>
            session.Process.Id != 1 && ProcessFiles.SessionName(session) == "systemd")
                .Select(static session => session.Process.ToString())];
        return hijacked.Length > 0
            ? Finding.Fail(
                $"{hijacked[0]} has a session called 'systemd': systemd {version} cannot make its own.", "Give the session another name.")
            : Finding.Ok($"Nothing is in systemd {version}'s way; it opens the device when all processes have ended.");
    }
}
