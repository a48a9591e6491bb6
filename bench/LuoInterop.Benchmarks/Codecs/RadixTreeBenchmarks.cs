using BenchmarkDotNet.Attributes;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Measures the tree of preserved memory, with single pages that lie one after the other.</summary>
public class RadixTreeBenchmarks
{
    // Tables of five levels, and a bitmap for each 32,768 pages.
    private const int TreePages = 32;

    private const ulong First = 1UL << 32;

    private PageMemory _memory = null!;
    private KhoRadixTree _tree = null!;

    public static IEnumerable<int> Counts => Scale.Entries;

    [ParamsSource(nameof(Counts))]
    public int Pieces { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _memory = new PageMemory(TreePages);
        Write();
    }

    [Benchmark(Description = "radix tree: write")]
    public void Write()
    {
        _memory.Clear();
        _tree = new KhoRadixTree(_memory, _memory.AllocateZeroed(), _memory.AllocateZeroed);
        for (int i = 0; i < Pieces; i++)
        {
            if (_tree.Add(First + ((ulong)i << KhoRadixTree.PageShift), 0) != Errno.None)
            {
                throw new InvalidOperationException("The tree could not be written.");
            }
        }
    }

    [Benchmark(Description = "radix tree: read")]
    public ulong Read()
    {
        ulong sum = 0;
        foreach ((ulong address, int order) in _tree.Pieces())
        {
            sum += address + (uint)order;
        }

        return sum;
    }

    [Benchmark(Description = "radix tree: find")]
    public int Find()
    {
        int sum = 0;
        for (int i = 0; i < Pieces; i++)
        {
            sum += _tree.FindOrder(First + ((ulong)i << KhoRadixTree.PageShift));
        }

        return sum;
    }
}
