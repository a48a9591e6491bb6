using System.Globalization;
using System.Text;
using MiniVmm.Update;

namespace MiniVmm.Benchmarks;

/// <summary>Writes what was measured: a page for people, and tables for charts.</summary>
internal sealed class ResultTables(IReadOnlyDictionary<string, IReadOnlyList<BlackoutRow>> rows, RunLog log)
{
    private const double Nanoseconds = 1e9;

    /// <summary>Gives the table of the parts: one line for each, seconds.</summary>
    public string Parts(IReadOnlyList<string> items)
    {
        var text = new StringBuilder("item\tpart\tours\tmedian s\tleast s\tmost s\tn\n");
        foreach (string item in items)
        {
            foreach ((int index, (string name, bool isOurs)) in BlackoutRow.PartNames.Index())
            {
                Add(text, item, name, isOurs, rows[item].Select(row => row.Parts[index] / Nanoseconds));
            }

            Add(text, item, "proof of life (after the blackout)", false, rows[item].Select(static row => row.Proof / Nanoseconds));
            Add(text, item, "blackout", false, rows[item].Select(static row => row.Total / Nanoseconds));
        }

        return text.ToString();
    }

    /// <summary>Gives the table of the blackouts, one line for each live update: by the guest's counter and, for Linux, as the
    /// host saw its console stand still.</summary>
    public string Updates()
    {
        var text = new StringBuilder("item\tupdate\tblackout s\town share\tconsole still s\n");
        foreach ((string item, IReadOnlyList<BlackoutRow> blackouts) in rows)
        {
            IReadOnlyList<TimeSpan> gaps = log.Gaps(item);
            for (int i = 0; i < Math.Max(blackouts.Count, gaps.Count); i++)
            {
                string total = i < blackouts.Count ? Number(blackouts[i].Total / Nanoseconds) : "NaN";
                string share = i < blackouts.Count ? Number(blackouts[i].OwnShare) : "NaN";
                string still = i < gaps.Count ? Number(gaps[i].TotalSeconds) : "NaN";
                text.Append(CultureInfo.InvariantCulture, $"{item}\t{i + 1}\t{total}\t{share}\t{still}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Gives the table of a chart: a line for each item, a column for each part, medians in seconds.</summary>
    /// <param name="items">The items, and how the chart calls them.</param>
    public string Chart(IEnumerable<(string Item, string Title)> items)
    {
        var text = new StringBuilder("item");
        foreach ((string name, _) in BlackoutRow.PartNames)
        {
            text.Append('\t').Append(name).Append(" s");
        }

        foreach ((string item, string title) in items)
        {
            text.Append('\n').Append(title);
            foreach (int index in Enumerable.Range(0, BlackoutRow.PartNames.Count))
            {
                text.Append('\t').Append(Number(Spread.Of(rows[item].Select(row => row.Parts[index] / Nanoseconds)).Median));
            }
        }

        return text.Append('\n').ToString();
    }

    /// <summary>Gives the page for people.</summary>
    public string Page(string title)
    {
        var text = new StringBuilder($"# A guest's blackout: {title}\n");
        foreach ((string item, IReadOnlyList<BlackoutRow> blackouts) in rows.Where(static pair => pair.Value.Count > 0))
        {
            Spread total = Spread.Of(blackouts.Select(static row => row.Total / Nanoseconds));
            Spread share = Spread.Of(blackouts.Select(static row => row.OwnShare * 100));
            text.Append(CultureInfo.InvariantCulture, $"\n## {item}\n\n");
            text.Append(
                CultureInfo.InvariantCulture,
                $"{total.Count} live updates: {total.Median:F2} s [{total.Least:F2}, {total.Most:F2}]; the program's own share "
                    + $"{share.Median:F1} % [{share.Least:F1}, {share.Most:F1}].\n\n");
            text.Append("| part | median | range | |\n|---|---|---|---|\n");
            foreach ((int index, (string name, bool isOurs)) in BlackoutRow.PartNames.Index())
            {
                Spread part = Spread.Of(blackouts.Select(row => row.Parts[index] / 1e6));
                string bar = Blackout.Bar(part.Median / 1e3 / total.Median);
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {name}{(isOurs ? "" : " (the kernel's)")} | {part.Median:F1} ms "
                        + $"| {part.Least:F1} to {part.Most:F1} | {(bar.Length > 0 ? $"`{bar}`" : "")} |\n");
            }

            Spread proof = Spread.Of(blackouts.Select(static row => row.Proof / 1e6));
            text.Append(
                CultureInfo.InvariantCulture,
                $"| then, until it was known that the guest runs | {proof.Median:F1} ms | {proof.Least:F1} to {proof.Most:F1} | |\n");
        }

        AppendGrowth(text, hugePages: true);
        AppendGrowth(text, hugePages: false);
        text.Append("\n## As the host saw the guest's console stand still\n\n");
        text.Append("| item | median | range | live updates |\n|---|---|---|---|\n");
        foreach (string item in rows.Keys)
        {
            if (log.Gaps(item) is { Count: > 0 } gaps)
            {
                Spread gap = Spread.Of(gaps.Select(static time => time.TotalSeconds));
                text.Append(
                    CultureInfo.InvariantCulture, $"| {item} | {gap.Median:F2} s | {gap.Least:F2} to {gap.Most:F2} | {gap.Count} |\n");
            }
        }

        return text.ToString();
    }

    // The kernel's boot scatters by more than RAM adds; what is left without it is compared with the smallest guest's whole blackout.
    private void AppendGrowth(StringBuilder text, bool hugePages)
    {
        string[] items = [.. BenchPlan.Sizes.Select(size => BenchPlan.RamName(hugePages, size)).Where(HasRows)];
        if (items.Length < BenchPlan.Sizes.Count)
        {
            return;
        }

        Spread least = Spread.Of(rows[items[0]].Select(static row => row.Total / Nanoseconds));
        Spread leastRest = Spread.Of(rows[items[0]].Select(static row => row.WithoutBoot / Nanoseconds));
        text.Append(CultureInfo.InvariantCulture, $"\n## Growth with RAM, folios of {(hugePages ? "2 MiB" : "4 KiB")}\n\n");
        text.Append("| item | whole blackout | without the kernel's boot | adds to the whole of the smallest |\n|---|---|---|---|\n");
        foreach (string item in items)
        {
            Spread total = Spread.Of(rows[item].Select(static row => row.Total / Nanoseconds));
            Spread rest = Spread.Of(rows[item].Select(static row => row.WithoutBoot / Nanoseconds));
            double added = 100 * (rest.Median - leastRest.Median) / least.Median;
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {item} | {total.Median:F2} s [{total.Least:F2}, {total.Most:F2}] "
                    + $"| {rest.Median:F3} s [{rest.Least:F3}, {rest.Most:F3}] | {added:F1} % |\n");
        }
    }

    private bool HasRows(string item) => rows.TryGetValue(item, out IReadOnlyList<BlackoutRow>? some) && some.Count > 0;

    private static void Add(StringBuilder text, string item, string part, bool isOurs, IEnumerable<double> figures)
    {
        Spread spread = Spread.Of(figures);
        text.Append(
            CultureInfo.InvariantCulture,
            $"{item}\t{part}\t{(isOurs ? 1 : 0)}\t{Number(spread.Median)}\t{Number(spread.Least)}\t{Number(spread.Most)}\t{spread.Count}"
                + $"\n");
    }

    private static string Number(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
