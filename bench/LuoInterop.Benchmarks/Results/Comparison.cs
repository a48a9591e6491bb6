using System.Globalization;
using System.Text;
using LuoInterop.VmBenchmarks;

namespace LuoInterop.Benchmarks;

/// <summary>Compares two kept runs by their ratios: every time is divided by its own run's yardstick first.</summary>
/// <remarks>
/// A yardstick serves on one kind of processor only: a system call may take ten times as long on another, on which nothing else does.
/// Between unlike machines just what was counted is compared, and ratios that were measured pair by pair in one run.
/// </remarks>
internal sealed class Comparison
{
    // Of like machines the yardsticks change alike; a cause that one of them alone has is not the code's.
    private const double MostDrift = 1.25;
    private const string TimesAreNot = "their times are not compared, nor their ratios to a yardstick.";

    private readonly RunResults _old;
    private readonly RunResults _new;

    /// <exception cref="InvalidDataException">
    /// The runs measured different things, or have no row that can be compared; the message says why.
    /// </exception>
    public Comparison(RunResults old, RunResults @new)
    {
        if (old.What != @new.What)
        {
            throw new InvalidDataException($"One run measured \"{old.What}\", the other \"{@new.What}\".");
        }

        _old = old;
        _new = @new;
        Unlike = WhyUnlike(old, @new);
        (ResultRow Old, ResultRow New)[] both =
            [.. old.Rows.Join(@new.Rows, static row => row.Key, static row => row.Key, static (a, b) => (a, b))];
        var allocating = both.Where(static rows => rows.Old.Allocated is not null && rows.New.Allocated is not null).ToArray();
        Changes =
        [
            .. from rows in both
               where rows.Old.Unit == rows.New.Unit
               let change = Change.Of(rows.New.Key, Figure(old, rows.Old), Figure(@new, rows.New))
               where change is not null
               orderby Math.Abs(Math.Log(change.Factor)) descending, change.Key
               select change,
        ];
        Allocations = [.. allocating.Where(static rows => rows.Old.Allocated != rows.New.Allocated)
            .Select(static rows => (rows.New.Key, rows.Old.Allocated!.Value, rows.New.Allocated!.Value))];
        if (Changes.Count == 0 && (Unlike is null || allocating.Length == 0))
        {
            throw new InvalidDataException(
                Unlike is null
                    ? "The runs have no row in common that has a yardstick in both."
                    : $"{Unlike} The runs have nothing else in common.");
        }
    }

    /// <summary>Gets why times cannot be compared, as a sentence; null where they can.</summary>
    public string? Unlike { get; }

    /// <summary>Gets what both runs measured and can be compared, the largest change first.</summary>
    public IReadOnlyList<Change> Changes { get; }

    /// <summary>Gets the rows that allocate another number of bytes.</summary>
    public IReadOnlyList<(string Key, double Old, double New)> Allocations { get; }

    /// <summary>Gets the rows of one run that the other has not.</summary>
    public IEnumerable<string> OnlyInOld => _old.Rows.Select(static row => row.Key).Except(_new.Rows.Select(static row => row.Key));

    /// <inheritdoc cref="OnlyInOld"/>
    public IEnumerable<string> OnlyInNew => _new.Rows.Select(static row => row.Key).Except(_old.Rows.Select(static row => row.Key));

    /// <summary>Gets the rows of both runs whose time is not compared. Yardsticks themselves are none.</summary>
    public IEnumerable<string> NotCompared => _new.Rows
        .Where(row => row.RelativeTo is not null && _old.Rows.Any(old => old.Key == row.Key))
        .Select(static row => row.Key)
        .Except(Changes.Select(static change => change.Key));

    /// <summary>Makes the table.</summary>
    public string Write()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"old: {_old.Date:yyyy-MM-dd HH:mm}, {_old.Machine}");
        text.AppendLine(CultureInfo.InvariantCulture, $"new: {_new.Date:yyyy-MM-dd HH:mm}, {_new.Machine}");
        text.AppendLine();
        if (Unlike is not null)
        {
            text.AppendLine(Unlike);
            text.AppendLine("Compared are ratios that were measured pair by pair, counts and allocations.");
            text.AppendLine("To judge code, run both on one machine: make bench-compare OLD=COMMIT.");
            text.AppendLine();
        }

        if (Changes.Count > 0)
        {
            AddTable(text);
        }

        List(
            text,
            "allocates another number of bytes",
            Allocations.Select(static row => Figures.Invariant($"{row.Key}: {row.Old:N0}, now {row.New:N0}")));
        List(text, "only in the old run", OnlyInOld);
        List(text, "only in the new run", OnlyInNew);
        List(text, Unlike is null ? "not compared, since a run lacks the yardstick" : "time not compared", NotCompared);
        return text.ToString();
    }

    private void AddTable(StringBuilder text)
    {
        text.AppendLine("| change | | old, by its yardstick | new, by its yardstick | operation |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (Change change in Changes)
        {
            string mark = !change.IsBeyondSpread ? "" : change.Factor > 1 ? "MORE" : "less";
            text.AppendLine(
                CultureInfo.InvariantCulture, $"| {change.Factor:F2}x | {mark} | {Cell(change.Old)} | {Cell(change.New)} | {change.Key} |");
        }

        int beyond = Changes.Count(static change => change.IsBeyondSpread);
        text.AppendLine();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{beyond} of {Changes.Count} rows changed by more than the spread: the middle halves of their iterations do not overlap.");
    }

    private static string Cell(Spread spread) => Figures.Invariant($"{spread.Median:G4} ({spread.Lower:G4} to {spread.Upper:G4})");

    private static void List(StringBuilder text, string what, IEnumerable<string> keys)
    {
        foreach (string key in keys)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{what}: {key}");
        }
    }

    private static string? WhyUnlike(RunResults old, RunResults @new)
    {
        if (old.Machine.Chip != @new.Machine.Chip)
        {
            return $"The runs are of different processors ({old.Machine.Chip}; {@new.Machine.Chip}): {TimesAreNot}";
        }

        (string Name, double Factor)[] limits =
        [
            .. old.Rows.Where(static row => row is { RelativeTo: null, Unit: "ns", Parameters.Count: 0, Median: > 0 })
                .Join(@new.Rows, static row => row.Key, static row => row.Key, static (a, b) => (a.Name, b.Median / a.Median))
                .OrderBy(static limit => limit.Item2),
        ];
        return limits.Length > 1 && limits[^1].Factor > MostDrift * limits[0].Factor
            ? $"The machine itself changed: {InWords(limits[0])}, {InWords(limits[^1])}: {TimesAreNot}"
            : null;

        static string InWords((string Name, double Factor) limit) =>
            Figures.Invariant($"\"{limit.Name}\" takes {limit.Factor:F2} times as long");
    }

    // What was counted needs no yardstick; a time without one is not compared.
    private Spread? Figure(RunResults run, ResultRow row)
    {
        if (row.Unit == "B" && row.RelativeTo is null)
        {
            return new Spread(row.Median, row.Q1, row.Q3, row.Min, row.Q3, row.N);
        }

        bool paired = row.RatioQ1 is not null && row.RatioQ3 is not null;
        if ((Unlike is not null && !paired) || run.RatioOf(row) is not { } ratio)
        {
            return null;
        }

        double scale = ratio / row.Median;
        double low = row.RatioQ1 ?? row.Q1 * scale;
        double high = row.RatioQ3 ?? row.Q3 * scale;
        return new Spread(ratio, low, high, low, high, row.N);
    }
}
