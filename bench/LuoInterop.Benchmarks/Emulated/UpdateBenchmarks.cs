using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a whole live update of one memfd that has all of its pages.</summary>
public class UpdateBenchmarks
{
    private UpdateCycle _cycle = null!;

    public static IEnumerable<long> Sizes => Scale.Sizes;

    public static IEnumerable<int> Folios => [FolioSize.Small, FolioSize.Huge];

    // Before the other parameter, so that the memory of a size is allocated once.
    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [ParamsSource(nameof(Folios))]
    public int Folio { get; set; }

    [GlobalSetup]
    public void Populate() => _cycle = new UpdateCycle(Size, Folio);

    [IterationSetup]
    public virtual void Load() => _cycle.Load();

    [Benchmark(Description = OperationNames.Update)]
    public void Update() => _cycle.Run();

    [GlobalCleanup]
    public void Dispose() => _cycle.Dispose();
}
