namespace LuoInterop.Emulation.Server;

/// <summary>Says which program is started on a machine, and how.</summary>
/// <param name="Command">The program, a path or a name on the PATH, and its arguments.</param>
public sealed record ProgramStart(params IReadOnlyList<string> Command)
{
    /// <summary>Gets the working folder; null for that of this process.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>Gets variables of the environment, over those of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets whether what the program writes is kept for <see cref="ProgramEnd"/>; otherwise it has the streams of this
    /// process.</summary>
    /// <remarks>It is kept until nobody has the streams open: a process that the program leaves behind closes them, or the run lasts as
    /// long as it.</remarks>
    public bool KeepOutput { get; init; }
}

/// <summary>Names how the run of a program ended.</summary>
public enum ProgramEndKind
{
    /// <summary>It exited, or was killed, by itself.</summary>
    Exited,

    /// <summary>The machine jumped into the loaded kernel.</summary>
    Kexec,

    /// <summary>The machine was restarted, with empty memory: reboot(2), a panic, a power cut.</summary>
    Restarted,

    /// <summary>The machine was switched off.</summary>
    PoweredOff,
}

/// <summary>Tells how a program ended.</summary>
/// <param name="Kind">By what.</param>
/// <param name="ExitCode">Its exit code as a shell tells it, 128 and the signal's number for a killed one; 137 where the machine ended
/// it.</param>
/// <param name="Text">What there is to say of the machine's end; empty for a program that exited.</param>
public sealed record ProgramEnd(ProgramEndKind Kind, int ExitCode, string Text)
{
    /// <summary>Gets what the program wrote to standard output, where that was kept.</summary>
    public string Output { get; init; } = "";

    /// <summary>Gets what the program wrote to standard error, where that was kept.</summary>
    public string Error { get; init; } = "";
}
