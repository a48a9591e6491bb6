namespace LuoInterop.Diagnosis;

/// <summary>Says what to diagnose.</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
public sealed record DiagnosisOptions
{
    /// <summary>Gets the folder that holds the machine's files, as <c>sys/kernel/debug/kho</c> and <c>proc/cmdline</c>; <c>/</c> for this
    /// machine.</summary>
    public string Root { get; init; } = "/";

    /// <summary>Gets the path of a kernel image to judge instead of the kernel that runs, or null.</summary>
    public string? KernelImage { get; init; }

    /// <summary>Gets the path of the configuration of the kernel that is judged, or null to look for it.</summary>
    public string? Configuration { get; init; }

    /// <summary>Gets the checks to run, by id; empty for all.</summary>
    public IReadOnlyCollection<string> Only { get; init; } = [];
}
