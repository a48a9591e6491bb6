using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a whole live update of one memfd that is one hole: preserving fills it.</summary>
public class SparseUpdateBenchmarks
{
    private UpdateCycle _cycle = null!;

    public static IEnumerable<long> Sizes => Scale.WrittenSizes;

    public static IEnumerable<int> Folios => [FolioSize.Small, FolioSize.Huge];

    // Before the other parameter, so that the memory of a size is allocated once.
    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [ParamsSource(nameof(Folios))]
    public int Folio { get; set; }

    [GlobalSetup]
    public void Populate() => _cycle = new UpdateCycle(Size, Folio);

    // Punched past the emulated kernel, which preserves nothing at this moment.
    [IterationSetup]
    public void Load()
    {
        _cycle.Load();
        PopulatedMemory.PunchHole();
    }

    [Benchmark]
    public void Update() => _cycle.Run();

    [GlobalCleanup]
    public void Dispose() => _cycle.Dispose();
}
