using BenchmarkDotNet.Attributes;

namespace LuoInterop.Benchmarks;

/// <summary>Measures RETRIEVE_SESSION out of a number of incoming sessions, far apart,
/// with and without the file that each of them holds.</summary>
public class RetrieveSessionBenchmarks
{
    private const int Retrieved = 100;

    private readonly int[] _files = new int[Retrieved];
    private PopulatedMachine _machine = null!;

    public static IEnumerable<int> Counts => Scale.Sessions;

    [ParamsSource(nameof(Counts))]
    public int Sessions { get; set; }

    private int Distance => Sessions / Retrieved;

    [IterationSetup]
    public void HandOver()
    {
        _machine = new PopulatedMachine();
        _machine.AddSessions(Sessions, oneFileEach: Distance);
        _machine.Load();
        _machine.Jump();
        Array.Fill(_files, -1);
    }

    [Benchmark(OperationsPerInvoke = Retrieved, Description = OperationNames.RetrieveSession)]
    public void Session()
    {
        for (int i = 0; i < Retrieved; i++)
        {
            _machine.Calls.Retrieve(_machine.Device, "present-"u8, i * Distance);
        }
    }

    [Benchmark(OperationsPerInvoke = Retrieved, Description = OperationNames.RetrieveSessionAndFile)]
    public void SessionAndFile()
    {
        for (int i = 0; i < Retrieved; i++)
        {
            int session = _machine.Calls.Retrieve(_machine.Device, "present-"u8, i * Distance);
            _files[i] = _machine.Calls.Retrieve(PopulatedMachine.Handle(session), 0);
        }
    }

    [IterationCleanup]
    public void Dispose()
    {
        foreach (int file in _files.Where(static file => file >= 0))
        {
            _machine.Kernel.Close(file);
        }

        _machine.Dispose();
    }
}
