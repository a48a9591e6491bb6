namespace LuoInterop.Kho;

/// <summary>Names the side of a handover that is looked at.</summary>
public enum KhoDirection
{
    /// <summary>What the previous kernel handed to this one: the folder <c>in</c>.</summary>
    In,
    /// <summary>What this kernel will hand to the next one: the folder <c>out</c>.</summary>
    Out,
}

/// <summary>Holds one scratch area: memory that is never handed over, into which the next kernel is loaded.</summary>
/// <remarks>Source: <c>out/scratch_phys</c> and <c>out/scratch_len</c>, since Linux 6.16. Immutable.</remarks>
/// <param name="Address">The area's physical address.</param>
/// <param name="Length">The area's size in bytes.</param>
public readonly record struct KhoScratchArea(ulong Address, ulong Length);

/// <summary>Holds memory that is kept at its place across kexecs for whoever knows its name.</summary>
/// <remarks>Since Linux 6.16. Immutable.</remarks>
/// <param name="Name">The name in <c>reserve_mem=</c>; one character per byte.</param>
/// <param name="Start">Its physical address.</param>
/// <param name="Size">Its size in bytes.</param>
public sealed record KhoReservedMemory(string Name, ulong Start, ulong Size);

/// <summary>Holds what kernels tell each other about the chain of kexecs.</summary>
/// <remarks>Source: <c>include/linux/kho/abi/kexec_metadata.h</c>, since Linux 7.1. Immutable.</remarks>
/// <param name="Release">The release of the kernel that wrote it: the previous one's for <see cref="KhoDirection.In"/>, this one's for
/// <see cref="KhoDirection.Out"/>.</param>
/// <param name="KexecCount">The kexecs since the last cold boot as the receiving kernel counts them: what was done for
/// <see cref="KhoDirection.In"/>, one more for <see cref="KhoDirection.Out"/>.</param>
public sealed record KhoKexecMetadata(string Release, uint KexecCount);

/// <summary>Holds the head of the Live Update Orchestrator's state.</summary>
/// <remarks>
/// Source: <c>include/linux/kho/abi/luo.h</c>. "luo-v1" is the device tree of Linux 6.19 to 7.1, "luo-v5" the structure of 7.2
/// and 7.3. Immutable.
/// </remarks>
/// <param name="Compatible">The format's name.</param>
/// <param name="LiveUpdateNumber">The live updates as the receiving kernel counts them: what was done for <see cref="KhoDirection.In"/>,
/// one more for <see cref="KhoDirection.Out"/>.</param>
/// <param name="Sessions">The physical address of the sessions; 0 for none. In "luo-v5", 0 until a freeze succeeds.</param>
/// <param name="Flbs">The physical address of the file-lifecycle-bound objects; 0 for none.</param>
public sealed record LuoState(string Compatible, ulong LiveUpdateNumber, ulong Sessions, ulong Flbs);

/// <summary>Tells how many live updates and kexecs a chain of kernels has seen since its last cold boot.</summary>
/// <remarks>Immutable, and safe to share between threads.</remarks>
/// <param name="LiveUpdates">Handovers between kernels that both had <c>liveupdate=on</c>.
/// A kernel without it in between starts again at 0.</param>
/// <param name="Kexecs">Handovers between kernels with KHO, with live update or without.
/// A kernel that does not take the handover starts again at 0.</param>
/// <param name="PreviousRelease">The release of the previous kernel, null on a cold boot or where it cannot be read.</param>
public sealed record KhoBootChain(KhoReading<ulong> LiveUpdates, KhoReading<uint> Kexecs, string? PreviousRelease)
{
    /// <summary>Returns a sentence for people.</summary>
    public override string ToString()
    {
        string updates =
            LiveUpdates.TryGetValue(out ulong done) ? Count(done, "live update") : $"live updates unknown ({LiveUpdates.Detail})";
        string kexecs = Kexecs.TryGetValue(out uint jumps) ? Count(jumps, "kexec") : $"kexecs unknown ({Kexecs.Detail})";
        return $"{updates}, {kexecs} since the last cold "
            + $"boot{(PreviousRelease is null ? "" : $", the last one from Linux {PreviousRelease}")}";
    }

    private static string Count(ulong number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
