using System.Globalization;
using System.Text;
using BenchmarkDotNet.Reports;

namespace LuoInterop.Benchmarks;

/// <summary>Writes what the two arrays of a file's folios take, beside each other.</summary>
internal sealed class ArraysPage
{
    private readonly StringBuilder _sizes = new();
    private readonly StringBuilder _times = new();

    /// <summary>Adds a file.</summary>
    /// <param name="placement">Where its folios lie.</param>
    /// <param name="reports">What was measured of it.</param>
    public void Add(FolioPlacement placement, IReadOnlyCollection<BenchmarkReport> reports)
    {
        var file = new ArrayBenchmarks { Placement = placement };
        file.Populate();
        (int list, int array) = file.Pages;
        _sizes.AppendLine(
            CultureInfo.InvariantCulture,
            $"| {Name(placement)} | {file.Folios:N0} | {list:N0} | {list * 4096L:N0} | {array:N0} | {array * 4096L:N0} | {(double)array / list:F2}x |");

        double PerFolio(string method) => ResultsPage.Best(
            reports.Single(report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name == method)) / file.Folios;
        double writeList = PerFolio(nameof(ArrayBenchmarks.WriteList));
        double writeArray = PerFolio(nameof(ArrayBenchmarks.WriteArray));
        double readList = PerFolio(nameof(ArrayBenchmarks.ReadList));
        double readArray = PerFolio(nameof(ArrayBenchmarks.ReadArray));
        _times.AppendLine(
            CultureInfo.InvariantCulture,
            $"| {Name(placement)} | {writeList:F1} ns | {writeArray:F1} ns | {writeArray / writeList:F2}x | {readList:F1} ns | {readArray:F1} ns | {readArray / readList:F2}x |");
    }

    /// <summary>Makes the page.</summary>
    public string Write() =>
        $"""
        {DateTime.UtcNow:yyyy-MM-dd}: {ResultsPage.Machine}.

        | file | folios | list, pages | bytes | array, pages | bytes | array against list |
        |---|---|---|---|---|---|---|
        {_sizes}
        | file | write, list | array | array against list | read, list | array | array against list |
        |---|---|---|---|---|---|---|
        {_times}
        """;

    private static string Name(FolioPlacement placement) => placement switch
    {
        FolioPlacement.Dense => "dense",
        FolioPlacement.EverySecond => "every second page",
        FolioPlacement.OneIn64 => "one page in 64",
        FolioPlacement.OneIn512 => "one page in 512",
        FolioPlacement.OneIn262144 => "one page in 262,144",
        _ => "random pages of a TiB",
    };
}
