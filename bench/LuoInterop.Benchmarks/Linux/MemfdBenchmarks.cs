using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures the calls on a memfd of the host through the managed API.</summary>
public class MemfdBenchmarks
{
    private const long Size = 1 << 20;

    private Memfd _memfd = null!;
    private Memfd _sealed = null!;
    private long _size = Size;

    [GlobalSetup]
    public void Create()
    {
        _memfd = Memfd.Create(Kernel.Linux, "luo-bench", Size);
        _sealed = Memfd.Create(Kernel.Linux, "luo-bench", Size);
    }

    [Benchmark(Description = "memfd: create and close")]
    public void CreateAndClose() => Memfd.Create(Kernel.Linux, "luo-bench").Dispose();

    // Another size each time; nothing is allocated or freed.
    [Benchmark(Description = "memfd: set the size")]
    public void SetSize() => _memfd.SetSize(_size ^= 4096);

    // Adding a seal again does the same work: the kernel looks for writable mappings each time.
    [Benchmark(Description = "memfd: seal")]
    public void AddSeals() => _sealed.AddSeals(MemfdSeals.Shrink | MemfdSeals.Grow | MemfdSeals.Write);

    [Benchmark(Description = "memfd: map and unmap")]
    public void MapAndUnmap() => _memfd.Map(0, Size).Dispose();

    [GlobalCleanup]
    public void Dispose()
    {
        _sealed.Dispose();
        _memfd.Dispose();
    }
}
