using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>KHO is in Linux since 6.16, LUO since 6.19; what both write for the next kernel has changed since.</summary>
internal static class KernelReleaseCheck
{
    private static readonly KernelRelease s_kho = new(6, 16);
    private static readonly KernelRelease s_luo = new(6, 19);
    private static readonly KernelRelease s_present = new(7, 2);
    private static readonly KernelRelease s_future = new(7, 4);

    public static Finding Look(DiagnosedMachine machine)
    {
        if (machine.Kernel.Version is not { } version)
        {
            return Finding.Unknown(
                machine.Kernel.Release is { } odd ? $"The release '{odd}' is no version."
                    : $"Nothing tells the release of {machine.Kernel.Name}.",
                "Live update needs Linux 6.19 or later.");
        }

        string what = $"Linux {machine.Kernel.Release}";
        return version < s_kho ? Finding.Fail($"{what} has neither KHO (since 6.16) nor LUO (since 6.19).", "Use Linux 7.2 or later.")
            : version < s_luo ? Finding.Fail($"{what} has KHO, but no LUO, which came with 6.19.", "Use Linux 7.2 or later.")
            : version < s_present
                ? Finding.Warn(
                    $"{what} has LUO in a form that 7.2 and later do not read: between them everything is dropped.",
                    "Use Linux 7.2 or later, and the same form on both sides of a kexec.")
            : version >= s_future
                ? Finding.Ok($"{what} has LUO. Versions up to 7.3 are known here.")
            : Finding.Ok($"{what} has KHO (kho-v4) and LUO (luo-v5).");
    }
}
