using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis.Checks;

/// <summary>Is what a check says: a verdict, sentences that show it, and what to do.</summary>
internal sealed record Finding(CheckVerdict Verdict, string Evidence, string Remedy)
{
    public static Finding Ok(string evidence) => new(CheckVerdict.Ok, evidence, "");

    public static Finding Warn(string evidence, string remedy) => new(CheckVerdict.Warn, evidence, remedy);

    public static Finding Fail(string evidence, string remedy) => new(CheckVerdict.Fail, evidence, remedy);

    public static Finding Unknown(string evidence, string remedy) => new(CheckVerdict.Unknown, evidence, remedy);

    /// <param name="because">A sentence that says why.</param>
    public static Finding NotLookedAt(string because) => new(CheckVerdict.NotLookedAt, because, "");
}

/// <summary>Is one check: a name that never changes, and how it looks.</summary>
/// <param name="Id">The name.</param>
/// <param name="Title">What it looks at.</param>
/// <param name="Look">How.</param>
/// <param name="IsOfRunningKernel">Whether it looks at the kernel that runs, which says nothing of an image.</param>
internal sealed record Check(string Id, string Title, Func<DiagnosedMachine, Finding> Look, bool IsOfRunningKernel = true)
{
    public CheckResult Run(DiagnosedMachine machine)
    {
        Finding finding = IsOfRunningKernel && machine.IsOfImage
            ? Finding.NotLookedAt($"{machine.Kernel.Image} is judged, which does not run.")
            : Look(machine);
        return new(Id, Title, finding.Verdict, finding.Evidence, finding.Remedy);
    }
}
