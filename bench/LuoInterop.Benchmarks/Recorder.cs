using System.Text.Json;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
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
    public static Job Repeated(int iterations) => Scale.IsSmoke ? Short(1) : Short(iterations).WithIterationTime(TimeInterval.FromMilliseconds(20));

    /// <summary>Runs the benchmarks of a class.</summary>
    /// <typeparam name="T">The class.</typeparam>
    /// <param name="job">How often.</param>
    /// <param name="operations">For each method its name in words, and the yardstick's.</param>
    public static IReadOnlyList<ResultRow> Run<T>(Job job, params ReadOnlySpan<(string Method, string Name, string? RelativeTo)> operations)
    {
        Summary summary = BenchmarkRunner.Run<T>(ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(Scale.IsSmoke ? NullLogger.Instance : ConsoleLogger.Unicode)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "luo-bench")));
        if (summary.HasCriticalValidationErrors || summary.Reports.Length == 0 || !summary.Reports.All(static report => report.Success))
        {
            throw new InvalidOperationException($"{typeof(T).Name} could not be run.");
        }

        var rows = new List<ResultRow>();
        foreach (BenchmarkReport report in summary.Reports)
        {
            string method = report.BenchmarkCase.Descriptor.WorkloadMethod.Name;
            int index = 0;
            while (operations[index].Method != method)
            {
                index++;
            }

            rows.Add(Row(report, operations[index].Name, operations[index].RelativeTo));
            Console.WriteLine($"done: {typeof(T).Name}.{method} {report.BenchmarkCase.Parameters.DisplayInfo}".TrimEnd());
        }

        return rows;
    }

    /// <summary>Keeps rows.</summary>
    public void Add(params IEnumerable<ResultRow> rows) => _rows.AddRange(rows);

    private static ResultRow Row(BenchmarkReport report, string name, string? relativeTo)
    {
        Statistics figures = report.ResultStatistics!;
        return new ResultRow
        {
            Name = name,
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
