using System.Text.Json;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Mathematics;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using Perfolizer.Mathematics.OutlierDetection;

namespace LuoInterop.Benchmarks;

/// <summary>Runs benchmarks, and keeps their figures as rows.</summary>
/// <remarks>In this process: the machine that is measured is made of this process' descriptors and memory.</remarks>
internal sealed class Recorder
{
    // Populating a machine is slow in a VM; nobody waits for ever either.
    private static readonly InProcessEmitToolchain InThisProcess = new(TimeSpan.FromHours(1), logOutput: true);

    private readonly List<ResultRow> _rows = [];
    private readonly AccumulationLogger _tables = new();

    /// <summary>Gets what was measured, in the order of the measurements.</summary>
    public IReadOnlyList<ResultRow> Rows => _rows;

    /// <summary>Gets iterations as short as they are without being told: for what is prepared anew for each of them.</summary>
    /// <remarks>Short ones: on a machine that does other work too, some of them are not disturbed.</remarks>
    public static Job Short(int iterations) => (Scale.IsSmoke
        ? Job.Dry
        : Job.Default.WithWarmupCount(2).WithIterationCount(iterations).WithEvaluateOverhead(false).WithOutlierMode(OutlierMode.DontRemove))
        .WithToolchain(InThisProcess);

    /// <summary>Gets few iterations: for what takes seconds, and needs no warm code.</summary>
    public static Job Slow => Scale.IsSmoke ? Short(1) : Short(3).WithWarmupCount(0);

    /// <summary>Gets iterations of a fiftieth of a second: for what is called again and again.</summary>
    public static Job Repeated(int iterations) =>
        Scale.IsSmoke ? Short(1) : Short(iterations).WithIterationTime(TimeInterval.FromMilliseconds(20));

    /// <summary>Gets BenchmarkDotNet's own tables of what was measured, a class after the other, in Markdown.</summary>
    public string Tables => _tables.GetLog();

    /// <summary>Runs the benchmarks of a class. Their descriptions are the rows' names.</summary>
    /// <typeparam name="T">The class.</typeparam>
    /// <param name="job">How often.</param>
    /// <param name="relativeTo">The yardstick of its rows, or null.</param>
    public IReadOnlyList<ResultRow> Run<T>(Job job, string? relativeTo)
    {
        Summary summary = BenchmarkRunner.Run<T>(ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(Scale.IsSmoke ? NullLogger.Instance : ConsoleLogger.Unicode)
            .AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params, DefaultColumnProviders.Metrics)
            .AddColumn(StatisticColumn.Median, StatisticColumn.Q1, StatisticColumn.Q3, StatisticColumn.Min, StatisticColumn.Iterations)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "luo-bench")));
        if (summary.HasCriticalValidationErrors || summary.Reports.Length == 0 || !summary.Reports.All(static report => report.Success))
        {
            throw new InvalidOperationException($"{typeof(T).Name} could not be run.");
        }

        foreach (BenchmarkReport report in summary.Reports)
        {
            string parameters = report.BenchmarkCase.Parameters.DisplayInfo;
            Console.WriteLine($"done: {typeof(T).Name}.{report.BenchmarkCase.Descriptor.WorkloadMethod.Name} {parameters}".TrimEnd());
        }

        _tables.WriteLine($"### {typeof(T).Name}");
        MarkdownExporter.GitHub.ExportToLog(summary, _tables);
        return [.. summary.Reports.Select(report => Row(report, relativeTo))];
    }

    /// <summary>Keeps rows.</summary>
    public void Add(params IEnumerable<ResultRow> rows) => _rows.AddRange(rows);

    private static ResultRow Row(BenchmarkReport report, string? relativeTo)
    {
        Statistics figures = report.ResultStatistics!;
        return new ResultRow
        {
            // BenchmarkDotNet puts a description of several words between quotes.
            Name = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\''),
            Parameters = report.BenchmarkCase.Parameters.Items.ToDictionary(
                static parameter => char.ToLowerInvariant(parameter.Name[0]) + parameter.Name[1..],
                static parameter => JsonSerializer.SerializeToElement(parameter.Value is Enum word ? Word(word) : parameter.Value)),
            Unit = "ns",
            Median = figures.Median,
            Q1 = figures.Q1,
            Q3 = figures.Q3,
            Min = figures.Min,
            N = figures.N,
            Allocated = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase),
            RelativeTo = relativeTo,
        };
    }

    private static string Word(Enum value) => value is FolioPlacement placement ? placement.InWords() : value.ToString().ToLowerInvariant();
}
