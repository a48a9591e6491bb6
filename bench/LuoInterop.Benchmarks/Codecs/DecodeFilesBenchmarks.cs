using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures how a memory image that a kernel left is decoded, with a number of files of one page.</summary>
public class DecodeFilesBenchmarks
{
    private PopulatedMachine _machine = null!;

    public static IEnumerable<int> Counts => Scale.Files;

    [ParamsSource(nameof(Counts))]
    public int Files { get; set; }

    [GlobalSetup]
    public void HandOver()
    {
        _machine = new PopulatedMachine();
        _machine.AddFiles(Files);
        _machine.Load();
        _machine.Stop();
    }

    [Benchmark(Description = "decode a memory image: files")]
    public int Decode() => _machine.ReadHandover().Sessions.Count;

    [GlobalCleanup]
    public void Dispose() => _machine.Dispose();
}
