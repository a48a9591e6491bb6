namespace LuoInterop.VmBenchmarks;

/// <summary>Is the phases of live updates of which one thing grows.</summary>
/// <param name="Name">Its name in file names.</param>
/// <param name="Title">What grows, for people.</param>
/// <param name="Unit">The unit of x.</param>
/// <param name="X">Gives the coordinate of a live update.</param>
/// <param name="Phases">The phases that are looked at.</param>
public sealed record PhaseCurve(string Name, string Title, string Unit, Func<UpdateSize, double> X, IReadOnlyList<Phase> Phases)
{
    private const int Page = UpdateSize.Page;

    private static readonly Phase[] s_ofMemory =
        [Phase.Preserve, Phase.Freeze, Phase.Jump, Phase.Boot, Phase.Start, Phase.Open, Phase.Retrieve, Phase.Finish, Phase.Touch];

    private static readonly Phase[] s_ofSessions =
        [Phase.Create, Phase.Preserve, Phase.Freeze, Phase.Jump, Phase.Boot, Phase.Start, Phase.Open, Phase.RetrieveSessions,
            Phase.Retrieve, Phase.Finish];

    /// <summary>Gets the live updates of the curve in the order of x, and what was measured of each.</summary>
    public IReadOnlyList<(double X, UpdateResult[] Repeats)> Points { get; private init; } = [];

    /// <summary>Gets the live updates that carry nothing: what every kexec costs.</summary>
    public IReadOnlyList<UpdateResult> Nothing { get; private init; } = [];

    /// <summary>Gives the curves that the results have points of.</summary>
    public static IEnumerable<PhaseCurve> Of(IReadOnlyList<UpdateResult> updates)
    {
        (PhaseCurve Curve, Func<UpdateSize, bool> Holds)[] all =
        [
            (new("size-4k", "one file in folios of 4 KiB", "bytes", static size => size.Bytes, s_ofMemory),
                static size => size is { HugeFolios: false, Sessions: 1, Files: 1, Bytes: > Page }),
            (new("size-huge", "one file in folios of 2 MiB", "bytes", static size => size.Bytes, s_ofMemory),
                static size => size is { HugeFolios: true, Sessions: 1, Files: 1 }),
            (new("sessions", "sessions of one file of a page", "sessions", static size => size.Sessions, s_ofSessions),
                static size => size is { Bytes: Page, Files: 1, Sessions: > 0 }),
            (new("files", "files of a page in one session", "files", static size => size.Files, s_ofSessions),
                static size => size is { Bytes: Page, Sessions: 1 }),
        ];
        UpdateResult[] nothing = [.. updates.Where(static update => update.Size == BenchPlan.Nothing)];
        return all.Select(one => one.Curve with
        {
            Nothing = nothing,
            Points =
            [
                .. updates.Where(update => one.Holds(update.Size)).GroupBy(update => one.Curve.X(update.Size))
                    .OrderBy(static group => group.Key).Select(static group => (group.Key, group.ToArray())),
            ],
        }).Where(static curve => curve.Points.Count > 0);
    }

    /// <summary>Gives what a phase took at a point, in seconds.</summary>
    public static Spread Seconds(IEnumerable<UpdateResult> repeats, Phase phase) =>
        Spread.Of(repeats.Select(update => update.Seconds[phase]));

    /// <summary>Fits the growth of a phase's fastest repetitions, since other work only adds; of a phase that every kexec has, what it
    /// takes over a kexec that carries nothing.</summary>
    /// <returns>The fit, or null where fewer than two points rise above what the kexec alone varies by.</returns>
    public PowerFit? Fit(Phase phase)
    {
        bool ofEvery = PhaseNames.OfEveryKexec.Contains(phase);
        Spread? alone = ofEvery && Nothing.Count > 0 ? Seconds(Nothing, phase) : null;
        double varies = alone is { } a ? a.Most - a.Least : 0;
        return PowerFit.Of(Points.Select(point => (point.X, Y: Seconds(point.Repeats, phase).Least - (alone?.Least ?? 0)))
            .Where(point => point.Y > varies));
    }
}
