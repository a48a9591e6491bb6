using System.Text;
using System.Text.RegularExpressions;
using LuoInterop.VmBenchmarks;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Judges two builds by rounds in which both were run on one machine, one beside the other: each round gives a ratio.</summary>
/// <remarks>
/// Of each launch the fastest iteration counts, since other work on the machine only ever adds; of the rounds the median of their
/// ratios, with the interval that holds the true median with 95 % (by order statistics; of fewer than 6 rounds, all of them).
/// </remarks>
internal sealed partial class BuildComparison
{
    /// <summary>How much longer something may take.</summary>
    public const double MostRatio = 1.03;

    // The bytes of a rounded average, and of what the runtime itself allocates now and then while much is counted.
    private const double OneByte = 1;
    private const double PartOfMuch = 0.001;

    // Of fewer, no interval holds the true median with 95 %, and what the runtime allocates now and then may be in all of them.
    private const int LeastRounds = 6;

    // What no code of this project has a part in: where these change, the machine has changed.
    private static readonly string[] s_controls = [OperationNames.SystemCall, OperationNames.MemoryCopy];

    private readonly int _rounds;

    /// <param name="rounds">The runs of each round: all that one build measured, and all of the other.</param>
    /// <exception cref="InvalidDataException">There is nothing that both builds measured in every round.</exception>
    public BuildComparison(IReadOnlyList<(IReadOnlyList<ResultRow> Old, IReadOnlyList<ResultRow> New)> rounds)
    {
        _rounds = rounds.Count;
        string[] keys = [.. rounds.SelectMany(static round => (IEnumerable<string>[])[Keys(round.Old), Keys(round.New)])
            .Aggregate(static (one, other) => one.Intersect(other)).Except(s_controls)];
        if (keys.Length == 0)
        {
            throw new InvalidDataException("The builds have no operation in common.");
        }

        Rows = [.. keys.Select(key => Judge(key, [.. rounds.Select(round => (Find(round.Old, key), Find(round.New, key)))]))
            .OrderByDescending(static row => row.Ratio.Median)];
        Overall = Interval([.. rounds.Select(round =>
            Math.Exp(keys.Average(key => Math.Log(Find(round.New, key).Min / Find(round.Old, key).Min))))]);
        Controls = [.. s_controls.Where(key => rounds.All(round => Keys(round.Old).Contains(key) && Keys(round.New).Contains(key)))
            .Select(key => Judge(key, [.. rounds.Select(round => (Find(round.Old, key), Find(round.New, key)))]))];
        OnlyInOne = [.. rounds.SelectMany(static round => Keys(round.Old).Union(Keys(round.New))).Except(keys).Except(s_controls)];
    }

    /// <summary>Gets what both builds measured, the slowest first.</summary>
    public IReadOnlyList<BuildRow> Rows { get; }

    /// <summary>Gets what neither build has a part in.</summary>
    public IReadOnlyList<BuildRow> Controls { get; }

    /// <summary>Gets whether the rounds are enough, and the machine was the same to both builds.</summary>
    public bool CanDecide => _rounds >= LeastRounds && Controls.All(static row => row.Ratio.Median is <= MostRatio and >= 1 / MostRatio);

    /// <summary>Gets the geometric mean of all rows' ratios, round by round.</summary>
    public Spread Overall { get; }

    /// <summary>Gets what one build alone has.</summary>
    public IReadOnlyList<string> OnlyInOne { get; }

    /// <summary>Gets the answer: 0 when nothing is worse, 1 when something is, 3 when these rounds cannot tell.</summary>
    public int ExitStatus =>
        Rows.Any(static row => row.AllocatesMore) ? 1
        : !CanDecide ? 3
        : Rows.Any(static row => row.Verdict == Verdict.Worse) || Overall.Lower > MostRatio ? 1
        : Overall.Upper > MostRatio ? 3
        : 0;

    /// <summary>Reads what eng/bench-compare.sh keeps: ROUND-old-PART.json and ROUND-new-PART.json.</summary>
    /// <exception cref="InvalidDataException">A round lacks one side, or the runs are of different processors.</exception>
    public static BuildComparison Read(string folder)
    {
        var runs = Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)
            .Select(static path => (Name: RunName().Match(Path.GetFileName(path)), Run: RunResults.Load(path)))
            .Where(static run => run.Name.Success)
            .ToArray();
        string[] chips = [.. runs.Select(static run => run.Run.Machine.Chip).Distinct().Order(StringComparer.Ordinal)];
        if (chips.Length > 1)
        {
            throw new InvalidDataException(
                $"The runs in {folder} are of different processors ({string.Join("; ", chips)}): they are not compared.");
        }

        IReadOnlyList<ResultRow> Side(IEnumerable<(Match Name, RunResults Run)> round, string side) =>
            [.. round.Where(run => run.Name.Groups[2].Value == side).SelectMany(static run => run.Run.Rows)];
        var rounds = runs.GroupBy(static run => run.Name.Groups[1].Value)
            .Select(round => (Old: Side(round, "old"), New: Side(round, "new")))
            .ToArray();
        return rounds.Length == 0 || rounds.Any(static round => round.Old.Count == 0 || round.New.Count == 0)
            ? throw new InvalidDataException($"{folder} has no rounds, or one in which a build did not run.")
            : new BuildComparison(rounds);
    }

    /// <summary>Makes the table and the sentences beneath.</summary>
    public string Write()
    {
        var text = new StringBuilder("| new by old | interval | | allocated, old | new | operation |\n|---|---|---|---|---|---|\n");
        foreach (BuildRow row in Rows)
        {
            text.AppendLine(Invariant(
                $"| {Cell(row.Ratio, " | ", "")} | {row.Words} | {row.OldBytes:N0} | {row.NewBytes:N0} | {row.Key} |"));
        }

        int Count(Verdict verdict) => Rows.Count(row => row.Verdict == verdict);
        text.AppendLine();
        text.AppendLine(Invariant($"{_rounds} rounds. All {Rows.Count} rows together: {Cell(Overall)}."));
        text.AppendLine(Invariant($"The bar is {MostRatio}: {Count(Verdict.Holds)} rows hold it, {Count(Verdict.Worse)} do not, ")
            + Invariant($"{Count(Verdict.Open)} vary too much to tell."));
        text.AppendLine(Invariant($"{Rows.Count(static row => row.AllocatesMore)} rows allocate more."));
        foreach (BuildRow row in Controls)
        {
            text.AppendLine(Invariant($"control, no code of ours: {row.Key}: {Cell(row.Ratio)}"));
        }

        foreach (string key in OnlyInOne)
        {
            text.AppendLine($"not in every run of both: {key}");
        }

        return text.AppendLine(ExitStatus switch
        {
            0 => "Nothing is worse.",
            1 => "WORSE.",
            _ when _rounds < LeastRounds => Invariant($"NOT DECIDED: {LeastRounds} rounds are the least that can tell."),
            _ when !CanDecide => "NOT DECIDED: the control changed by more than the bar too. Run it again on a quieter machine.",
            _ => "NOT DECIDED: all rows together vary by more than the bar. Run it again on a quieter machine, or with more rounds.",
        }).ToString();
    }

    /// <summary>Gives the median of numbers and its interval of 95 %.</summary>
    public static Spread Interval(IReadOnlyList<double> numbers)
    {
        double[] sorted = [.. numbers.Order()];
        int outside = 0;
        double tail = Math.Pow(0.5, sorted.Length);
        for (double term = tail; ; outside++)
        {
            // The chance that so many, or fewer, of the numbers lie on one side of the true median.
            term *= (double)(sorted.Length - outside) / (outside + 1);
            if (2 * (tail += term) > 0.05)
            {
                break;
            }
        }

        Spread all = Spread.Of(sorted);
        return all with { Lower = sorted[outside], Upper = sorted[^(outside + 1)] };
    }

    private static BuildRow Judge(string key, IReadOnlyList<(ResultRow Old, ResultRow New)> rounds)
    {
        Spread ratio = Interval([.. rounds.Select(static round => round.New.Min / round.Old.Min)]);
        double? old = rounds.Min(static round => round.Old.Allocated);
        double? @new = rounds.Min(static round => round.New.Allocated);
        return new BuildRow(
            key,
            ratio,
            old,
            @new,
            rounds.Count < LeastRounds
                ? Verdict.Open
                : ratio.Upper <= MostRatio ? Verdict.Holds : ratio.Lower > MostRatio ? Verdict.Worse : Verdict.Open,
            rounds.Count >= LeastRounds && old is { } bytes && @new > bytes + Math.Max(OneByte, PartOfMuch * bytes));
    }

    private static string Cell(Spread ratio, string before = " (", string after = ")") =>
        Invariant($"{ratio.Median:F3}{before}{ratio.Lower:F3} to {ratio.Upper:F3}{after}");

    private static IEnumerable<string> Keys(IReadOnlyList<ResultRow> rows) =>
        rows.Where(static row => row is { Unit: "ns", Min: > 0 }).Select(static row => row.Key);

    private static ResultRow Find(IReadOnlyList<ResultRow> rows, string key) => rows.First(row => row.Key == key);

    [GeneratedRegex(@"^(\d+)-(old|new)-\w+\.json$")]
    private static partial Regex RunName();
}
