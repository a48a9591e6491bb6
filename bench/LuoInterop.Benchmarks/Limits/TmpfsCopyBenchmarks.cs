using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a copy of memory through a file that stays in memory.</summary>
public class TmpfsCopyBenchmarks
{
    private FileCopy _copy = null!;

    public static IEnumerable<long> Sizes => Scale.CopiedSizes;

    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [GlobalSetup]
    public void Prepare() => _copy = new FileCopy(Size, "/dev/shm", toDisk: false);

    [Benchmark(Description = OperationNames.CopyThroughTmpfs)]
    public void Copy() => _copy.Run();

    [IterationCleanup]
    public void Close() => _copy.Close();

    [GlobalCleanup]
    public void Dispose() => _copy.Dispose();
}
