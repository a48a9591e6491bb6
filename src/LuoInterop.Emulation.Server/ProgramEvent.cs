namespace LuoInterop.Emulation.Server;

/// <summary>Names what happened on a machine that programs run on.</summary>
public enum ProgramEventKind
{
    /// <summary>A kernel has booted.</summary>
    Booted,

    /// <summary>A program was started.</summary>
    Started,

    /// <summary>A program has ended by itself.</summary>
    Ended,

    /// <summary>A kernel has ended: a kexec, a restart, the power, a panic.</summary>
    KernelEnded,

    /// <summary>Something that whoever wrote the program may want to know.</summary>
    Note,
}

/// <summary>Tells what happened on a machine.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Stage">Which kernel it happened in: 1 for the first.</param>
/// <param name="Text">A sentence for people, without its full stop.</param>
public sealed record ProgramEvent(ProgramEventKind Kind, int Stage, string Text);
