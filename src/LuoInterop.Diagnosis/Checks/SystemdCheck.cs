using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>systemd carries the file descriptor stores of units over since version 261.</summary>
internal static class SystemdCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (SystemdVersion.IsProcess1(machine.Files) == false)
        {
            return Finding.NotLookedAt("Process 1 is not systemd.");
        }

        int? version = SystemdVersion.Running(machine.Files) ?? SystemdVersion.Installed(machine.Files);
        return version is null
            ? Finding.NotLookedAt("No systemd is found.")
            : version >= SystemdVersion.FirstWithLiveUpdate
                ? Finding.Ok(
                    $"systemd {version} carries the stores of units with FileDescriptorStorePreserve= over, in its session 'systemd'.")
            : Finding.Warn(
                $"systemd {version} ends every process before the kexec, and with them their sessions; it carries nothing over itself.",
                $"Use systemd {SystemdVersion.FirstWithLiveUpdate} or later, or start the next kernel from the process that holds the "
                    + "sessions (KexecImage.Reboot, kexec -e), not by systemctl kexec.");
    }
}
