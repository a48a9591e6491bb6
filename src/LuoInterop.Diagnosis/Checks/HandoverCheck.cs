using LuoInterop.Diagnosis.Machine;
using LuoInterop.Kho;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>What was handed over to a kernel that does not take it stays reserved, and is lost to user space.</summary>
internal static class HandoverCheck
{
    private const string FormatRemedy =
        "Its preserved memory is lost in this boot; reboot to free it, and update between kernels of one format.";

    public static Finding Look(DiagnosedMachine machine)
    {
        KhoReading<KhoTree> tree = machine.Kho.ReadTree(KhoDirection.In);
        if (tree.State == KhoState.Absent)
        {
            return tree.Absence switch
            {
                KhoAbsence.ColdBoot => Finding.Ok("This kernel was started without a handover."),
                KhoAbsence.NoPermission => Finding.NotLookedAt($"This user may not read {DiagnosedMachine.KhoPath}."),
                _ => Finding.NotLookedAt($"{DiagnosedMachine.KhoPath} is not there."),
            };
        }

        if (tree.State == KhoState.UnknownFormat)
        {
            return Finding.Unknown($"The kernel before handed over a tree of the form {tree.Format}, not known here.", FormatRemedy);
        }

        if (!tree.TryGetValue(out KhoTree? value))
        {
            return Finding.Fail($"The tree of the kernel before cannot be read: {tree.Detail}", FormatRemedy);
        }

        string release = machine.Kho.ReadKexecMetadata(KhoDirection.In).TryGetValue(out KhoKexecMetadata? metadata)
            ? $" Linux {metadata.Release}"
            : "";
        string trees = string.Join(", ", value.SubTrees.Select(static tree => tree.Name));
        string from = $"The kernel before,{release} ({value.Compatible}), handed over {trees}";
        return value.SubTrees.Any(static tree => tree.Name == "LUO") && !machine.Files.Exists(ProcessFiles.DevicePath)
            ? Finding.Fail(
                $"{from}, and this one has no {ProcessFiles.DevicePath}: preserved memory stays reserved, and nobody gets it.",
                "Boot with liveupdate=on; what was preserved is lost, and a reboot frees it.")
            : Finding.Ok($"{from}.");
    }
}
