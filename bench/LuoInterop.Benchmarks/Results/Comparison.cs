using System.Globalization;
using System.Text;

namespace LuoInterop.Benchmarks;

/// <summary>Compares two runs by their ratios: every time is divided by its own run's yardstick first, so that machines differ less.</summary>
internal sealed class Comparison
{
    private readonly RunResults _old;
    private readonly RunResults _new;

    /// <exception cref="InvalidDataException">The runs measured different things, or have no row that both can compare.</exception>
    public Comparison(RunResults old, RunResults @new)
    {
        if (old.What != @new.What)
        {
            throw new InvalidDataException($"One run measured \"{old.What}\", the other \"{@new.What}\".");
        }

        _old = old;
        _new = @new;
        Dictionary<string, ResultRow> olds = old.Rows.ToDictionary(static row => row.Key);
        Changes =
        [
            .. from row in @new.Rows
               let before = olds.GetValueOrDefault(row.Key)
               where before is not null && row.Unit == before.Unit
               let change = Change.Of(row.Key, Figure(old, before), Figure(@new, row))
               where change is not null
               orderby Math.Abs(Math.Log(change.Factor)) descending, change.Key
               select change,
        ];
        if (Changes.Count == 0)
        {
            throw new InvalidDataException("The runs have no row in common that has a yardstick in both.");
        }
    }

    /// <summary>Gets what both runs measured, the largest change first.</summary>
    public IReadOnlyList<Change> Changes { get; }

    /// <summary>Gets the rows of one run that the other has not.</summary>
    public IEnumerable<string> OnlyInOld => _old.Rows.Select(static row => row.Key).Except(_new.Rows.Select(static row => row.Key));

    /// <inheritdoc cref="OnlyInOld"/>
    public IEnumerable<string> OnlyInNew => _new.Rows.Select(static row => row.Key).Except(_old.Rows.Select(static row => row.Key));

    /// <summary>Gets the rows of both runs whose yardstick is missing from one of them. Yardsticks themselves have none.</summary>
    public IEnumerable<string> WithoutYardstick => _new.Rows
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
        text.AppendLine("| change | | old, by its yardstick | new, by its yardstick | operation |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (Change change in Changes)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {change.Factor:F2}x | {(change.IsBeyondSpread ? change.Factor > 1 ? "MORE" : "less" : "")} | {change.Old.Middle:G4} ({change.Old.Low:G4} to {change.Old.High:G4}) | {change.New.Middle:G4} ({change.New.Low:G4} to {change.New.High:G4}) | {change.Key} |");
        }

        int beyond = Changes.Count(static change => change.IsBeyondSpread);
        text.AppendLine();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{beyond} of {Changes.Count} rows changed by more than the spread: the middle halves of their iterations do not overlap.");
        List(text, "only in the old run", OnlyInOld);
        List(text, "only in the new run", OnlyInNew);
        List(text, "not compared, since a run lacks the yardstick", WithoutYardstick);
        return text.ToString();
    }

    private static void List(StringBuilder text, string what, IEnumerable<string> keys)
    {
        foreach (string key in keys)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{what}: {key}");
        }
    }

    // What was counted needs no yardstick; a time without one is not compared.
    private static Spread? Figure(RunResults run, ResultRow row)
    {
        if (run.RatioOf(row) is { } ratio)
        {
            double scale = ratio / row.Median;
            return new Spread(row.RatioQ1 ?? row.Q1 * scale, ratio, row.RatioQ3 ?? row.Q3 * scale);
        }

        return row.Unit == "B" && row.RelativeTo is null ? new Spread(row.Q1, row.Median, row.Q3) : null;
    }
}
