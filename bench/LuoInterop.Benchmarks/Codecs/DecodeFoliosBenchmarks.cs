using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures how a memory image that a kernel left is decoded, with one file of a number of folios of 4 KiB.</summary>
public class DecodeFoliosBenchmarks
{
    private PopulatedMachine _machine = null!;

    public static IEnumerable<int> Counts => Scale.Entries;

    [ParamsSource(nameof(Counts))]
    public int Folios { get; set; }

    [GlobalSetup]
    public void HandOver()
    {
        _machine = new PopulatedMachine(FolioSize.Small);
        _machine.AddFile((long)Folios * FolioSize.Small);
        _machine.Load();
        _machine.Stop();
    }

    [Benchmark(Description = "decode a memory image: folios")]
    public int Decode() => _machine.ReadHandover().Sessions[0].Files[0].Memfd!.Folios.Count;

    [GlobalCleanup]
    public void Dispose() => _machine.Dispose();
}
