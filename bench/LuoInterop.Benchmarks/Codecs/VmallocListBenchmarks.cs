using BenchmarkDotNet.Attributes;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Measures the list of the pages of a preserved vmalloc area.</summary>
public class VmallocListBenchmarks
{
    private PageMemory _memory = null!;
    private ulong[] _chunks = null!;
    private ulong[] _pages = null!;
    private KhoVmalloc _list;

    public static IEnumerable<int> Counts => Scale.Entries;

    [ParamsSource(nameof(Counts))]
    public int Pages { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        int chunks = KhoVmallocList.ChunksFor(Pages);
        _memory = new PageMemory(chunks);
        _chunks = [.. Enumerable.Range(0, chunks).Select(_ => _memory.Allocate())];
        _pages = [.. Enumerable.Range(1, Pages).Select(static i => (ulong)i << 12)];
        Write();
    }

    [Benchmark(Description = "vmalloc list: write")]
    public void Write() => _list = KhoVmallocList.Write(_memory, _chunks, _pages);

    [Benchmark(Description = "vmalloc list: read")]
    public int Read() => KhoVmallocList.Read(_memory, _list).Pages.Count;
}
