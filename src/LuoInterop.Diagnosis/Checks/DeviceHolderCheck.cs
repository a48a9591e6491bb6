using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>One process at a time can have the device open.</summary>
internal static class DeviceHolderCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        if (!machine.Files.Exists(ProcessFiles.DevicePath))
        {
            return Finding.NotLookedAt("There is no device.");
        }

        ProcessFiles processes = machine.Processes;
        if (!processes.IsKnown)
        {
            return Finding.NotLookedAt("No processes are shown (/proc).");
        }

        HoldingProcess[] holders = [.. processes.Device.Select(static file => file.Process).Distinct()];
        if (holders.Length > 0)
        {
            string unit = holders[0].Unit is { } name ? $"stop {name}" : $"end process {holders[0].Id}";
            return Finding.Warn(
                $"{string.Join(", ", holders.AsEnumerable())} has it open: every other open is refused (EBUSY).",
                $"Where that is not the program that is to preserve: {unit}, or ask it for a session's descriptor.");
        }

        return processes.Unreadable > 0
            ? Finding.Unknown(
                $"Nobody seen has it open; {processes.Unreadable} processes do not show their files to this user.",
                "Run as root.")
            : Finding.Ok("Nobody has it open.");
    }
}
