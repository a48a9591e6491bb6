using System.Globalization;
using System.Text;
using BenchmarkDotNet.Reports;

namespace LuoInterop.Benchmarks;

/// <summary>Writes what was measured as a table, each figure beside its bar.</summary>
internal sealed class ResultsPage
{
    private const double MostGrowth = 1.5;

    private readonly StringBuilder _rows = new();

    /// <summary>Adds the cost of an operation beside few things and more, which may grow by half at most.</summary>
    /// <param name="operation">What was done.</param>
    /// <param name="present">What was there.</param>
    /// <param name="reports">What was measured.</param>
    /// <param name="perSecond">How many a second have to be done; 0 where no bar says.</param>
    /// <param name="growthBar">Whether the growth has a bar.</param>
    public void AddGrowth(string operation, string present, IEnumerable<BenchmarkReport> reports, double perSecond = 0, bool growthBar = true)
    {
        double least = 0;
        foreach (BenchmarkReport report in reports.OrderBy(Present))
        {
            double best = Best(report);
            least = least == 0 ? best : least;
            var bars = new List<string>();
            if (perSecond > 0)
            {
                bars.Add(Invariant($">= {perSecond:N0}/s"));
            }

            if (growthBar)
            {
                bars.Add(Invariant($"< {MostGrowth}x"));
            }

            bool holds = 1e9 / best >= perSecond && (!growthBar || best < MostGrowth * least);
            Add(
                Invariant($"{operation} beside {Present(report):N0} {present}"),
                Invariant($"{best:N0} ns ({1e9 / best:N0}/s)"),
                Invariant($"{best / least:F2}x"),
                bars.Count == 0 ? null : string.Join(", ", bars),
                holds);
        }
    }

    /// <summary>Adds the time of a handover.</summary>
    public void AddTime(string operation, BenchmarkReport report, double mostMilliseconds)
    {
        double best = Best(report) / 1e6;
        Add(operation, Invariant($"{best:N1} ms"), "", Invariant($"< {mostMilliseconds:N0} ms"), best < mostMilliseconds);
    }

    /// <summary>Adds the memory of a handover.</summary>
    public void AddMemory(string operation, long bytes, long of)
    {
        double percent = 100.0 * bytes / of;
        Add(operation, Invariant($"{bytes / 1048576.0:N1} MiB ({percent:F2} %)"), "", "< 2 %", percent < 2);
    }

    /// <summary>Makes the page.</summary>
    public string Write() =>
        $"""
        {DateTime.UtcNow:yyyy-MM-dd}: {Machine}.

        | operation | best iteration | growth | bar | holds |
        |---|---|---|---|---|
        {_rows}
        """;

    // Other work on the machine only ever adds: the fastest iteration says most about the code.
    internal static double Best(BenchmarkReport report) => report.ResultStatistics!.Min;

    private static int Present(BenchmarkReport report) => (int)report.BenchmarkCase.Parameters[nameof(CreateBenchmarks.Present)];

    /// <summary>Gets what is measured on, in a sentence without its end.</summary>
    internal static string Machine => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        {Environment.ProcessorCount} cores ({Processor}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB of memory,
        Linux {Environment.OSVersion.Version.ToString(2)}, .NET {Environment.Version}, RLIMIT_NOFILE {DescriptorLimit.Current:N0}
        """);

    private static string Processor =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]
            : "unknown processor";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Add(string operation, string figure, string growth, string? bar, bool holds) => _rows.AppendLine(
        CultureInfo.InvariantCulture, $"| {operation} | {figure} | {growth} | {bar} | {(bar is null ? "" : holds ? "yes" : "NO")} |");
}
