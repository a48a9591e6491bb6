using System.Text;
using LuoInterop.Kho;
using static LuoInterop.Benchmarks.Figures;

namespace LuoInterop.Benchmarks;

/// <summary>Writes the figures that have a bar beside it. The fastest iteration counts: other work on the machine only ever adds.</summary>
internal sealed class BarsTable
{
    private const double MostGrowth = 1.5;
    private const double MostMemoryPercent = 2;

    private readonly StringBuilder _rows = new();
    private readonly IReadOnlyList<ResultRow> _figures;

    private BarsTable(IReadOnlyList<ResultRow> figures) => _figures = figures;

    /// <summary>Makes the table of a run.</summary>
    /// <returns>Null when the run has none of the figures.</returns>
    public static string? Of(RunResults run)
    {
        var table = new BarsTable(run.Rows);
        table.AddHandovers();
        table.AddGrowth(OperationNames.Create, "sessions", perSecond: 500_000);
        table.AddGrowth(OperationNames.RetrieveSessionAndFile, "sessions");
        table.AddGrowth(OperationNames.RetrieveSession, "sessions", growthBar: false);
        table.AddGrowth(OperationNames.Finish, "sessions", growthBar: false);
        table.AddGrowth(OperationNames.Preserve, "files");
        table.AddGrowth(OperationNames.RetrieveFile, "files");
        return table._rows.Length == 0 ? null : $"""
            | operation | best iteration | growth | bar | holds |
            |---|---|---|---|---|
            {table._rows}
            """;
    }

    private void AddHandovers()
    {
        foreach (ResultRow memory in _figures.Where(static row => row.Name == OperationNames.HandoverMemory))
        {
            bool huge = memory.Number("folio") == FolioSize.Huge;
            double size = memory.Number("size")!.Value;
            string what = $"handover of {Bytes(size)} in {(huge ? "2 MiB" : "4 KiB")} folios";
            if (_figures.FirstOrDefault(row =>
                row.Name == OperationNames.Handover && row.ParametersText == memory.ParametersText) is { } time)
            {
                double most = huge ? 100e6 : 1000e6;
                Add(what, Time(time.Min), "", Invariant($"< {most / 1e6:N0} ms"), time.Min < most);
            }

            double percent = 100 * memory.Median / size;
            Add(
                "memory for the " + what,
                Invariant($"{memory.Median / 1048576:N1} MiB ({percent:F2} %)"),
                "",
                Invariant($"< {MostMemoryPercent} %"),
                percent < MostMemoryPercent);
        }
    }

    // The cost of an operation beside few things and more, which may grow by half at most.
    private void AddGrowth(string operation, string present, double perSecond = 0, bool growthBar = true)
    {
        double least = 0;
        foreach (ResultRow row in _figures.Where(row => row.Name == operation).OrderBy(row => row.Number(present)))
        {
            least = least == 0 ? row.Min : least;
            string?[] bars = [perSecond > 0 ? Invariant($">= {perSecond:N0}/s") : null, growthBar ? Invariant($"< {MostGrowth}x") : null];
            string bar = string.Join(", ", bars.Where(static text => text is not null));
            Add(
                Invariant($"{operation} beside {row.Number(present):N0} {present}"),
                Invariant($"{row.Min:N0} ns ({1e9 / row.Min:N0}/s)"),
                Invariant($"{row.Min / least:F2}x"),
                bar,
                1e9 / row.Min >= perSecond && (!growthBar || row.Min < MostGrowth * least));
        }
    }

    private void Add(string operation, string figure, string growth, string bar, bool holds) => _rows.AppendLine(
        $"| {operation} | {figure} | {growth} | {bar} | {(bar.Length == 0 ? "" : holds ? "yes" : "NO")} |");
}
