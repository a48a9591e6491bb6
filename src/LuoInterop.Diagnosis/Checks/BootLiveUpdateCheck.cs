using LuoInterop.Diagnosis.Machine;
using LuoInterop.KernelImages;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>LUO is off without <c>liveupdate=on</c>: what is forgotten most.</summary>
internal static class BootLiveUpdateCheck
{
    private const string Remedy =
        "Boot with kho=on liveupdate=on; a kernel that was started by kexec needs both on its command line again.";

    public static Finding Look(DiagnosedMachine machine) =>
        machine.CommandLine is null
            ? Finding.Unknown("The command line is not shown (/proc/cmdline).", "LUO needs liveupdate=on there.")
        : KernelParameter.Switch(machine.Parameters, "liveupdate") switch
        {
            true => Finding.Ok("liveupdate=on is on the command line."),
            false => Finding.Fail("liveupdate=off is on the command line.", Remedy),
            null => Finding.Fail("The command line has no liveupdate=on, and LUO is off by default.", Remedy),
        };
}
