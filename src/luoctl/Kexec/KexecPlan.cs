using LuoInterop.Cli.CheckNext;
using LuoInterop.Cli.Doctor;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;
using LuoInterop.KernelImages;

namespace LuoInterop.Cli.Kexec;

/// <summary>Is what a jump would carry and lose, as it looks now.</summary>
/// <param name="Diagnosis">What the doctor says of this machine.</param>
/// <param name="Next">What the next kernel would take.</param>
/// <param name="Initrds">The initial RAM disks.</param>
/// <param name="Expected">The sessions that must be held; none for at least one of any name.</param>
/// <param name="Holdings">Who holds what.</param>
internal sealed record KexecPlan(
    MachineDiagnosis Diagnosis,
    CheckedKernel Next,
    IReadOnlyList<string> Initrds,
    IReadOnlyList<string> Expected,
    LiveUpdateHoldings Holdings)
{
    /// <summary>Gets the sessions that are held, each with those who hold it.</summary>
    public IEnumerable<IGrouping<string, HoldingProcess>> Sessions =>
        Holdings.Sessions.GroupBy(static session => session.Name, static session => session.Process);

    /// <summary>Gets the expected sessions that nobody holds.</summary>
    public IReadOnlyList<string> Missing =>
        [.. Expected.Except(Holdings.Sessions.Select(static session => session.Name), StringComparer.Ordinal)];

    /// <summary>Gets what has to be waited for; empty where every holder is ready.</summary>
    public IReadOnlyList<string> Awaited =>
    [
        .. Missing.Select(static name => $"nobody holds the session '{name}'"),
        .. Holdings.Sessions.Count == 0 && Expected.Count == 0 ? (string[])["no session is held, so that nothing would be carried"] : [],
        .. Holdings.Device.Select(static holder => $"{holder} has the device open"),
    ];

    /// <summary>Gets what speaks against the jump, in short.</summary>
    public IReadOnlyList<string> Refusals =>
    [
        .. Diagnosis.Answer() == Readiness.NotReady ? (string[])[$"doctor: {DoctorOutput.Sentence(Diagnosis, strict: false)}"] : [],
        .. Next.Prediction.HasLoss ? (string[])[$"check-next: {CheckNextOutput.Answer(Next).Answer}"] : [],
        .. Awaited,
    ];

    /// <summary>Gets what could not be found out, in short.</summary>
    public IReadOnlyList<string> Unknown =>
    [
        .. Diagnosis.Answer() == Readiness.Unknown ? (string[])[$"doctor: {DoctorOutput.Sentence(Diagnosis, strict: false)}"] : [],
        .. Next.Prediction is { HasLoss: false, Worst: Consequence.Unknown }
            ? (string[])[$"check-next: {CheckNextOutput.Answer(Next).Answer}{ImageHint}"] : [],
        .. Holdings.Unreadable > 0 ? (string[])[
            $"{TextOutput.Count(Holdings.Unreadable, "process does", "processes do")} not show what they have open"] : [],
    ];

    /// <summary>Gets whether the jump can be made.</summary>
    public Readiness Answer => Refusals.Count > 0 ? Readiness.NotReady : Unknown.Count > 0 ? Readiness.Unknown : Readiness.Ready;

    private string ImageHint => Next.Live is { IsNothing: false, FileHandlers: null }
        ? "; the image of the kernel that runs was not found, and --from names it" : "";

    /// <summary>Gets what the jump ends or loses, a sentence each.</summary>
    public IReadOnlyList<string> Losses =>
    [
        "Every process ends where it is, and what it has not written to a file is gone. Files are written back before (sync); file "
            + "systems are not unmounted, and units are not stopped.",
        .. Holdings.Sessions.Count == 0 ? (string[])["Nothing is carried: no session is held."] : [],
        .. Missing.Select(static name => $"The session '{name}' is not carried: nobody holds it."),
        .. from memory in Holdings.Memory
           where memory.Refused > 0
           select $"{TextOutput.Count(memory.Refused, "file", "files")} in memory of {memory.Process} cannot be preserved (luoctl doctor "
               + "--check memfds).",
        .. from component in Next.Prediction.Components
           where component.Consequence is not (Consequence.Carried or Consequence.Unknown)
           select $"{component.Component}: {component.Reason}",
        "Sessions that the kernel before this one handed over are not carried again: retrieve and preserve anew what is in them.",
    ];
}
