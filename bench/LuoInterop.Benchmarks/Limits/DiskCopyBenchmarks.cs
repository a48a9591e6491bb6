using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a copy of memory through a file on the disk of the temporary folder.</summary>
public class DiskCopyBenchmarks
{
    private FileCopy _copy = null!;

    public static IEnumerable<long> Sizes => Scale.SmallSizes;

    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [GlobalSetup]
    public void Prepare() => _copy = new FileCopy(Size, Path.GetTempPath(), toDisk: true);

    [Benchmark(Description = OperationNames.CopyThroughDisk)]
    public void Copy() => _copy.Run();

    [IterationCleanup]
    public void Close() => _copy.Close();

    [GlobalCleanup]
    public void Dispose() => _copy.Dispose();
}
