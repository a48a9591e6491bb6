using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures how long the host takes to allocate all pages of a mapped memfd.</summary>
public class PopulateBenchmarks
{
    private Memfd _memfd = null!;
    private MemfdMapping _mapping = null!;

    public static IEnumerable<long> Sizes => Scale.SmallSizes;

    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [GlobalSetup]
    public void Create()
    {
        _memfd = Memfd.Create(Kernel.Linux, "luo-bench", Size);
        _mapping = _memfd.Map();
    }

    [IterationSetup]
    public void Free() => _memfd.PunchHole(0, Size);

    [Benchmark(Description = "memfd: populate")]
    public void Populate() => _mapping.Populate();

    [GlobalCleanup]
    public void Dispose()
    {
        _mapping.Dispose();
        _memfd.Dispose();
    }
}
