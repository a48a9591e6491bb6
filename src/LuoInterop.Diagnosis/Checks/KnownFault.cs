using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Is a fault of some versions of Linux that a program with live update meets.</summary>
/// <param name="Id">The check's id.</param>
/// <param name="Title">What goes wrong, in a few words.</param>
/// <param name="First">The first version that has it.</param>
/// <param name="Fixed">The first version that has it no more; null for none up to 7.3.</param>
/// <param name="What">A sentence that says what goes wrong.</param>
/// <param name="Remedy">What to do where it cannot be had without.</param>
internal sealed record KnownFault(string Id, string Title, KernelRelease First, KernelRelease? Fixed, string What, string Remedy)
{
    /// <summary>Gets whether programs of this library do not meet it, so that no warning is due.</summary>
    public bool IsAvoided { get; init; }

    /// <summary>Gets whether stable versions may have the correction too: which ones is not known.</summary>
    public bool MayBeBackported { get; init; }

    public Finding Look(DiagnosedMachine machine)
    {
        if (machine.Kernel.Version is not { } version)
        {
            return Finding.NotLookedAt($"Nothing tells the version of {machine.Kernel.Name}.");
        }

        string? lacks = machine.Kernel.Has("CONFIG_KEXEC_HANDOVER") == false ? "CONFIG_KEXEC_HANDOVER"
            : machine.Kernel.Has("CONFIG_LIVEUPDATE") == false ? "CONFIG_LIVEUPDATE"
            : null;
        if (lacks is not null)
        {
            return Finding.NotLookedAt($"This kernel is built without {lacks}.");
        }

        string span = Fixed is { } corrected
            ? $"It is in Linux from {First} on, and no more in {corrected}"
                + (MayBeBackported ? "; a stable version before that may have the correction." : ".")
            : $"It is in Linux from {First} on, and still in 7.3.";
        return version < First ? Finding.Ok($"Not in {version}: it came with {First}.")
            : Fixed is { } end && version >= end ? Finding.Ok($"Not in {version}: corrected in {end}.")
            : IsAvoided ? Finding.Ok($"{What} {Remedy} {span}")
            : Finding.Warn($"{What} {span}", Fixed is { } better ? $"{Remedy} Or use Linux {better}." : Remedy);
    }
}
