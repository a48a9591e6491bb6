using LuoInterop.Diagnosis.Machine;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>KHO may be off although it was asked for: its scratch memory could not be had.</summary>
internal static class KhoCheck
{
    public static Finding Look(DiagnosedMachine machine)
    {
        KhoReading<IReadOnlyList<string>> trees = machine.Kho.ListSubTrees(KhoDirection.Out);
        return machine.KhoIsOn switch
        {
            true when trees.TryGetValue(out IReadOnlyList<string>? names) =>
                Finding.Ok($"KHO is on, and hands over {(names.Count == 0 ? "nothing yet" : string.Join(", ", names))}."),
            true => Finding.Ok("KHO is on."),
            false => Finding.Fail(
                $"KHO is off: {DiagnosedMachine.KhoPath} has no folder out, or the kernel was built or booted without it.",
                "Boot with kho=on liveupdate=on, and look for 'KHO:' in the kernel's log."),
            null => trees.Absence is KhoAbsence.NoPermission
                ? Finding.Unknown($"This user may not read {DiagnosedMachine.KhoPath}.", "Run as root.")
                : Finding.Unknown(
                    $"{DiagnosedMachine.KhoPath} is not there: KHO is off, debugfs is not mounted, or it is not built in.",
                    "Mount debugfs (mount -t debugfs none /sys/kernel/debug), and boot with kho=on."),
        };
    }
}
