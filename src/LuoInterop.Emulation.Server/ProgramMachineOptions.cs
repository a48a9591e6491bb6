namespace LuoInterop.Emulation.Server;

/// <summary>Describes a machine that programs run on. Immutable.</summary>
public sealed record ProgramMachineOptions
{
    /// <summary>Gets the emulated machine.</summary>
    public EmulatedMachineOptions Machine { get; init; } = new();

    /// <summary>Gets the release of the kernel image that programs find to load (<see cref="ProgramMachine.KernelImagePath"/>); null for
    /// that of the machine's first kernel.</summary>
    public string? NextRelease { get; init; }

    /// <summary>Gets whether every call that looks at a path or a descriptor is trapped, also where the kernel's files could be mounted
    /// for the program alone.</summary>
    /// <remarks>About 15 microseconds for each such call. It is so anyway where a user may not make a namespace.</remarks>
    public bool TrapsEverything { get; init; }

    /// <summary>Gets the machine's folder, for its socket and files; null for a temporary one that is removed at the end.</summary>
    public string? Folder { get; init; }

    /// <summary>Gets where the calls of the programs are written down as a litmus script; null for nowhere.</summary>
    public TextWriter? Trace { get; init; }

    /// <summary>Receives what happens; called from any thread.</summary>
    public Action<ProgramEvent>? Happened { get; init; }
}
