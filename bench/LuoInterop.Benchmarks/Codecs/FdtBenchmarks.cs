using BenchmarkDotNet.Attributes;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a flattened device tree of nodes with two properties each, as KHO's root has them.</summary>
public class FdtBenchmarks
{
    private byte[] _tree = [];

    public static IEnumerable<int> Counts => Scale.Names;

    [ParamsSource(nameof(Counts))]
    public int Nodes { get; set; }

    [GlobalSetup]
    public void Populate() => _tree = Write();

    [Benchmark(Description = "device tree: write")]
    public byte[] Write()
    {
        var writer = new KhoFdtWriter();
        writer.Property("compatible", KhoRootFdt.KHO_FDT_COMPATIBLE);
        for (int i = 0; i < Nodes; i++)
        {
            writer.BeginNode("LUO");
            writer.NativeUInt64(KhoRootFdt.KHO_SUB_TREE_PROP_NAME, 0x1000);
            writer.NativeUInt64(KhoRootFdt.KHO_SUB_TREE_SIZE_PROP_NAME, 80);
            writer.EndNode();
        }

        writer.Finish();
        return writer.ToArray();
    }

    [Benchmark(Description = "device tree: read")]
    public int Read() => KhoFdt.Read(_tree).Root.Children.Count;
}
