using BenchmarkDotNet.Attributes;
using LuoInterop.Kho;

namespace LuoInterop.Benchmarks;

/// <summary>Measures reboot(KEXEC), the boot of the next kernel and the first open of its device,
/// with a number of files of one page.</summary>
public class HandoverFilesBenchmarks
{
    private PopulatedMachine _machine = null!;

    public static IEnumerable<int> Counts => Scale.HandedFiles;

    [ParamsSource(nameof(Counts))]
    public int Files { get; set; }

    [IterationSetup]
    public void Populate()
    {
        _machine = new PopulatedMachine();
        _machine.AddFiles(Files);
        _machine.Load();
    }

    [Benchmark(Description = OperationNames.HandoverFiles)]
    public void Handover() => _machine.Jump();

    [IterationCleanup]
    public void Dispose() => _machine.Dispose();
}
