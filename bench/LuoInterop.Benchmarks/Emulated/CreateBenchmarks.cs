using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures CREATE_SESSION and the close that ends the session, beside other sessions.</summary>
public class CreateBenchmarks
{
    private PopulatedMachine _machine = null!;
    private int _next;

    public static IEnumerable<int> Counts => Scale.Sessions;

    [ParamsSource(nameof(Counts))]
    public int Sessions { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _machine = new PopulatedMachine();
        _machine.AddSessions(Sessions);
    }

    [Benchmark(Description = OperationNames.Create)]
    public int CreateAndClose() => _machine.Kernel.Close(_machine.Calls.Create(_machine.Device, "new-"u8, _next++ & 0xfff));

    [GlobalCleanup]
    public void Dispose() => _machine.Dispose();
}
