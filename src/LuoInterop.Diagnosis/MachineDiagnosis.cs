using LuoInterop.Diagnosis.Checks;
using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Diagnosis;

/// <summary>Finds out whether a machine can be updated live, and what is in the way.</summary>
/// <remarks>
/// <para>Changes nothing: the device is not opened, because the first open of a boot makes the kernel take up the sessions that were
/// handed over. Memory files of processes are opened for reading, for their seals and sizes.</para>
/// <para>A diagnosis is of the moment in which it was made. Immutable, and safe to share between threads.</para>
/// </remarks>
public sealed class MachineDiagnosis
{
    private MachineDiagnosis(IReadOnlyList<CheckResult> results) => Results = results;

    /// <summary>Gets the ids of all checks, in the order of their rows.</summary>
    public static IReadOnlyList<string> CheckIds { get; } = [.. CheckTable.All.Select(static check => check.Id)];

    /// <summary>Gets a row for each check that was run.</summary>
    public IReadOnlyList<CheckResult> Results { get; }

    /// <summary>Looks at a machine. As root all can be seen; another user gets more rows that are unknown.</summary>
    /// <param name="options">What to look at; null for this machine and all checks.</param>
    /// <exception cref="ArgumentException">An id is that of no check.</exception>
    /// <exception cref="IOException">The folder, image or configuration that is named cannot be read.</exception>
    public static MachineDiagnosis Run(DiagnosisOptions? options = null)
    {
        options ??= new DiagnosisOptions();
        if (options.Only.FirstOrDefault(static id => !CheckIds.Contains(id)) is { } unknown)
        {
            throw new ArgumentException($"There is no check '{unknown}'.", nameof(options));
        }

        var machine = DiagnosedMachine.Open(Kernel.Linux, options);
        return new MachineDiagnosis([
            .. CheckTable.All.Where(check => options.Only.Count == 0 || options.Only.Contains(check.Id))
                .Select(check => check.Run(machine))]);
    }

    /// <summary>Says whether the machine is ready.</summary>
    /// <param name="strict">Whether a warning is in the way too.</param>
    public Readiness Answer(bool strict = false) =>
        Has(CheckVerdict.Fail) || (strict && Has(CheckVerdict.Warn)) ? Readiness.NotReady
        : Has(CheckVerdict.Unknown) ? Readiness.Unknown
        : Readiness.Ready;

    private bool Has(CheckVerdict verdict) => Results.Any(result => result.Verdict == verdict);
}
