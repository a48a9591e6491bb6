using BenchmarkDotNet.Attributes;
using LuoInterop.Kho;

namespace LuoInterop.Benchmarks;

/// <summary>Measures reboot(KEXEC), the boot of the next kernel and the first open of its device,
/// with a number of sessions without files.</summary>
public class HandoverSessionsBenchmarks
{
    private PopulatedMachine _machine = null!;

    public static IEnumerable<int> Counts => Scale.HandedSessions;

    [ParamsSource(nameof(Counts))]
    public int Sessions { get; set; }

    [IterationSetup]
    public void Populate()
    {
        _machine = new PopulatedMachine();
        _machine.AddSessions(Sessions);
        _machine.Load();
    }

    [Benchmark(Description = OperationNames.HandoverSessions)]
    public void Handover() => _machine.Jump();

    [IterationCleanup]
    public void Dispose() => _machine.Dispose();
}
