using System.Globalization;
using MiniVmm.Benchmarks;

namespace LuoInterop.Cache.Benchmarks;

/// <summary>Writes what was measured: tables for people, and every single figure.</summary>
internal static class CachePage
{
    /// <summary>The first line of <see cref="Line"/>'s table.</summary>
    public const string Head = "keys\tvalue_bytes\tround\tcontestant\tstop_ms\tfirst_answer_ms\tfirst_hit_ms\tfull_rate_ms\tall_read_ms"
        + "\thits\tfirst_own\tfirst_shared\tfirst_mapped\tend_own\tend_shared\tend_mapped";

    private const string TableHead =
        "| | stop, ms | first hit, ms | full hit rate, ms | ratio | every key read, ms | keys there | in RAM at the first hit, MiB"
            + " | at the end | its own |\n|---|---|---|---|---|---|---|---|---|---|";

    /// <summary>Writes one run as a line of values with tabs between them; bytes where nothing else is said.</summary>
    public static string Line(CacheItems items, int round, Contestant contestant, CacheRun run) => string.Create(
        CultureInfo.InvariantCulture,
        $"{items.Count}\t{items.ValueBytes}\t{round}\t{contestant.Name}\t{run.Stop:0.000}\t{run.FirstAnswer:0.000}\t{run.FirstHit:0.000}"
            + $"\t{run.FullRate:0.000}\t{run.AllRead:0.000}\t{run.Hits}\t{run.AtFirst.Own}\t{run.AtFirst.Shared}\t{run.AtFirst.Mapped}"
            + $"\t{run.AtEnd.Own}\t{run.AtEnd.Shared}\t{run.AtEnd.Mapped}");

    /// <summary>Writes the table of one size. A contestant's runs are in the order of the rounds.</summary>
    public static string Table(CacheItems items, IReadOnlyDictionary<Contestant, IReadOnlyList<CacheRun>> runs)
    {
        IReadOnlyList<CacheRun> yardstick = runs[Contestant.All[0]];
        IEnumerable<string> rows = Contestant.All.Select(contestant => Row(items, contestant.Name, runs[contestant], yardstick));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            ## {items.Count:N0} keys, values of {items.ValueBytes:N0} bytes, {items.MemoryMiB:N0} MiB

            {TableHead}
            {string.Join('\n', rows)}

            """);
    }

    private static string Row(CacheItems items, string name, IReadOnlyList<CacheRun> runs, IReadOnlyList<CacheRun> yardstick)
    {
        string ratio = Range([.. runs.Zip(yardstick, static (run, first) => run.FullRate / first.FullRate)]);
        string there = string.Join(" to ", runs.Select(static run => run.Hits).Order().Distinct()
            .Select(hits => hits == items.Count ? "all" : hits == 0 ? "none" : hits.ToString("N0", CultureInfo.InvariantCulture)));
        string[] cells =
        [
            name,
            Range([.. runs.Select(static run => (double?)run.Stop)]),
            Range([.. runs.Select(static run => run.FirstHit)]),
            Range([.. runs.Select(static run => run.FullRate)]),
            ratio,
            Range([.. runs.Select(static run => run.AllRead)]),
            there,
            MiB(runs.Select(static run => run.AtFirst.All)),
            MiB(runs.Select(static run => run.AtEnd.All)),
            MiB(runs.Select(static run => run.AtEnd.Own)),
        ];
        return $"| {string.Join(" | ", cells)} |";
    }

    private static string MiB(IEnumerable<long> bytes) => Number(Spread.Of(bytes.Select(static one => one / (double)(1 << 20))).Median);

    /// <summary>Writes the median, and the least and the most; a dash where it did not come in every round.</summary>
    private static string Range(double?[] figures)
    {
        if (figures.Contains(null))
        {
            return "-";
        }

        Spread spread = Spread.Of(figures.Select(static figure => figure!.Value));
        return spread.Count == 1 ? Number(spread.Median)
            : $"{Number(spread.Median)} [{Number(spread.Least)}, {Number(spread.Most)}]";
    }

    private static string Number(double figure) => figure.ToString(figure < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);
}
