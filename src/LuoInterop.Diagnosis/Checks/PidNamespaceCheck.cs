using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>In a container, reboot(2) ends the container, and other processes are not seen.</summary>
internal static class PidNamespaceCheck
{
    // PROC_PID_INIT_INO of include/uapi/linux/nsfs.h.
    private const string First = "pid:[4026531836]";

    public static Finding Look(DiagnosedMachine machine) =>
        !machine.Files.IsLive ? Finding.NotLookedAt("A folder has no processes that run.")
        : machine.Files.Link("/proc/self/ns/pid") switch
        {
            First => Finding.Ok("This is the first one, where a kexec is one."),
            null => Finding.NotLookedAt("/proc/self/ns/pid is not shown."),
            _ => Finding.Warn(
                "This is a container's: reboot(2) is refused here (EINVAL), and processes outside are not seen.", "Ask from outside."),
        };
}
