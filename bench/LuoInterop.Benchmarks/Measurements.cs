using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace LuoInterop.Benchmarks;

/// <summary>Measures, and puts the figures on a page.</summary>
/// <remarks>In this process: the machine that is measured is made of this process' descriptors and memory.</remarks>
internal static class Measurements
{
    // Populating a machine is slow in a VM; nobody waits for ever either.
    private static readonly InProcessEmitToolchain InThisProcess = new(TimeSpan.FromHours(1), logOutput: true);

    // Short iterations: on a machine that does other work too, some of them are not disturbed.
    private static Job Short(int iterations) => (Scale.IsSmoke
        ? Job.Dry
        : Job.Default.WithWarmupCount(2).WithIterationCount(iterations).WithEvaluateOverhead(false)).WithToolchain(InThisProcess);

    /// <summary>Measures what does not need a descriptor of the host for each thing that is there.</summary>
    public static void AddSessions(ResultsPage page)
    {
        const int Calls = 16_384;
        Job many = Short(100);
        page.AddGrowth(
            "create and close a session", "sessions", Run<CreateBenchmarks>(Scale.IsSmoke ? many : many.WithInvocationCount(Calls)), perSecond: 500_000);
        BenchmarkReport[] retrieved = Run<RetrieveSessionBenchmarks>(Short(15));
        page.AddGrowth("retrieve a session and its file", "sessions", Of(retrieved, nameof(RetrieveSessionBenchmarks.SessionAndFile)));
        page.AddGrowth("retrieve a session", "sessions", Of(retrieved, nameof(RetrieveSessionBenchmarks.Session)), growthBar: false);
    }

    /// <summary>Measures beside files, as many as RLIMIT_NOFILE lets this process have.</summary>
    public static void AddFiles(ResultsPage page)
    {
        page.AddGrowth("preserve a file", "files", Run<PreserveBenchmarks>(Short(50)));
        page.AddGrowth("retrieve a file", "files", Run<RetrieveFileBenchmarks>(Short(5)));
    }

    /// <summary>Measures the handover of a large file.</summary>
    public static void AddHandover(ResultsPage page)
    {
        // First, because memory that an earlier measurement left to this process would not count as new.
        long ofHuge = ResidentMemory.OfHandover(hugeFolios: true);
        long ofSmall = ResidentMemory.OfHandover(hugeFolios: false);
        foreach (BenchmarkReport report in Run<HandoverBenchmarks>(Short(10)))
        {
            bool huge = (bool)report.BenchmarkCase.Parameters[nameof(HandoverBenchmarks.HugeFolios)];
            string what = $"handover of {Scale.HandoverSize >> 20} MiB in {(huge ? "2 MiB" : "4 KiB")} folios";
            page.AddTime(what, report, huge ? 100 : 1000);
            page.AddMemory("memory for the " + what, huge ? ofHuge : ofSmall, Scale.HandoverSize);
        }
    }

    /// <summary>Measures the two arrays of a file's folios.</summary>
    public static void AddArrays(ArraysPage page)
    {
        foreach (IGrouping<object, BenchmarkReport> file in Run<ArrayBenchmarks>(Short(50).WithIterationTime(TimeInterval.FromMilliseconds(50)))
            .GroupBy(static report => report.BenchmarkCase.Parameters[nameof(ArrayBenchmarks.Placement)]))
        {
            page.Add((FolioPlacement)file.Key, [.. file]);
        }
    }

    private static BenchmarkReport[] Run<T>(Job job)
    {
        Summary summary = BenchmarkRunner.Run<T>(ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddLogger(Scale.IsSmoke ? NullLogger.Instance : ConsoleLogger.Unicode)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "luo-bench")));
        foreach (BenchmarkReport report in summary.Reports.Where(static report => report.Success))
        {
            Console.WriteLine($"done: {typeof(T).Name}.{report.BenchmarkCase.Descriptor.WorkloadMethod.Name} {report.BenchmarkCase.Parameters.DisplayInfo}");
        }

        return !summary.HasCriticalValidationErrors && summary.Reports.Length > 0 && summary.Reports.All(static report => report.Success)
            ? [.. summary.Reports]
            : throw new InvalidOperationException($"{typeof(T).Name} could not be run.");
    }

    private static IEnumerable<BenchmarkReport> Of(IEnumerable<BenchmarkReport> reports, string method) =>
        reports.Where(report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name == method);
}
