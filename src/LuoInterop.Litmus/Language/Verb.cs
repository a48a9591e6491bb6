namespace LuoInterop.Litmus.Language;

/// <summary>Describes one operation of the language.</summary>
/// <param name="Name">The word.</param>
/// <param name="Syntax">How it is written, as the language's page shows it.</param>
/// <param name="Summary">What it does and what is observed of it, a sentence or two.</param>
/// <param name="Compile">Takes the arguments of a line and makes what is performed.</param>
internal sealed record Verb(string Name, string Syntax, string Summary, Func<Arguments, LitmusOperation> Compile)
{
    /// <summary>Gets whether a descriptor comes out that a line may name.</summary>
    public bool TakesTarget =>
        Syntax.StartsWith("NAME =", StringComparison.Ordinal) || Syntax.StartsWith("[NAME =]", StringComparison.Ordinal);

    /// <summary>Gets whether a line must name it.</summary>
    public bool NeedsTarget => Syntax.StartsWith("NAME =", StringComparison.Ordinal);
}

/// <summary>Is what a line does.</summary>
/// <param name="Perform">Performs it and gives what was observed.
/// The second argument is the name that the line gives to a descriptor.</param>
/// <param name="IsKexec">Whether it starts the next kernel.</param>
/// <param name="IsAlone">Whether it needs a machine that no other script shares.</param>
internal sealed record LitmusOperation(Func<LitmusProcess, string?, string> Perform, bool IsKexec = false, bool IsAlone = false)
{
    /// <summary>Gets whether it describes the first kernel.</summary>
    public bool IsBoot { get; init; }

    /// <summary>Gets, of a kexec and the first boot, the kernel's command line, where the script gives one.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Gets, of a kexec and the first boot, the kernel's release, where the script gives one.</summary>
    public string? Release { get; init; }

    /// <summary>Gets, of a kexec, whether it goes past the library, which removes an empty block of sessions first.</summary>
    public bool IsRaw { get; init; }
}
