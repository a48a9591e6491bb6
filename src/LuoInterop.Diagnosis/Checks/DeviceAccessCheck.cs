using LuoInterop.Diagnosis.Machine;
using Mono.Unix.Native;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Who may open the device may take, and by closing destroy, what everybody preserved.</summary>
internal static class DeviceAccessCheck
{
    private const uint OthersMayReadOrWrite = 6;

    public static Finding Look(DiagnosedMachine machine)
    {
        if (machine.Files.Status(ProcessFiles.DevicePath) is not { } node)
        {
            return Finding.NotLookedAt("There is no device.");
        }

        string mode = Convert.ToString(node.Mode & 0xfff, 8).PadLeft(4, '0');
        string what = $"It is of {machine.Accounts.User(node.UserId)}:{machine.Accounts.Group(node.GroupId)}, mode {mode}";
        if ((node.Mode & OthersMayReadOrWrite) != 0)
        {
            return Finding.Warn(
                $"{what}: everybody may open it, and take what others preserved.",
                "Take the rights of others away: chmod o= /dev/liveupdate, and by a udev rule after each boot.");
        }

        return MayOpen(machine) switch
        {
            null => Finding.Ok($"{what}."),
            true => Finding.Ok($"{what}; this user may open it."),
            false => Finding.Fail(
                $"{what}; this user may not open it.",
                "Run as root, or let an administrator give you the group of the device by a udev rule."),
        };
    }

    private static bool? MayOpen(DiagnosedMachine machine)
    {
        if (!machine.Files.IsLive)
        {
            return null;
        }

        try
        {
            return Syscall.access(ProcessFiles.DevicePath, AccessModes.R_OK | AccessModes.W_OK) == 0;
        }
        catch (DllNotFoundException)
        {
            return null;
        }
    }
}
