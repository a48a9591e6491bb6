using BenchmarkDotNet.Attributes;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a chain of blocks, full of the records of files.</summary>
public class BlockBenchmarks
{
    private PageMemory _memory = null!;
    private LuoFileSer[] _files = null!;
    private ulong[] _blocks = null!;

    public static IEnumerable<int> Counts => Scale.Entries;

    [ParamsSource(nameof(Counts))]
    public int Entries { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _files =
            [.. Enumerable.Range(0, Entries).Select(static i => new LuoFileSer(MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE, 0x1000, (ulong)i))];
        _memory = new PageMemory(KhoBlockChain<LuoFileSer>.BlocksFor(Entries));
        _blocks = [.. Enumerable.Range(0, KhoBlockChain<LuoFileSer>.BlocksFor(Entries)).Select(_ => _memory.Allocate())];
        Write();
    }

    [Benchmark(Description = "blocks: write")]
    public void Write() => KhoBlockChain<LuoFileSer>.Write(_memory, _blocks, _files);

    [Benchmark(Description = "blocks: read")]
    public int Read() => KhoBlockChain<LuoFileSer>.Read(_memory, _blocks[0]).Entries.Count;
}
