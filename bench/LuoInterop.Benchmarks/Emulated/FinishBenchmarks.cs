using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Measures FINISH of a session whose one file was retrieved, out of a number of incoming sessions.</summary>
public class FinishBenchmarks
{
    private const int Finished = 100;

    private readonly SafeFileHandle[] _sessions = new SafeFileHandle[Finished];
    private readonly int[] _files = new int[Finished];
    private PopulatedMachine _machine = null!;

    public static IEnumerable<int> Counts => Scale.Sessions;

    [ParamsSource(nameof(Counts))]
    public int Sessions { get; set; }

    [IterationSetup]
    public void HandOver()
    {
        int distance = Sessions / Finished;
        _machine = new PopulatedMachine();
        _machine.AddSessions(Sessions, oneFileEach: distance);
        _machine.Load();
        _machine.Jump();
        for (int i = 0; i < Finished; i++)
        {
            _sessions[i] = PopulatedMachine.Handle(_machine.Calls.Retrieve(_machine.Device, "present-"u8, i * distance));
            _files[i] = _machine.Calls.Retrieve(_sessions[i], 0);
        }
    }

    [Benchmark(OperationsPerInvoke = Finished, Description = OperationNames.Finish)]
    public void Finish()
    {
        for (int i = 0; i < Finished; i++)
        {
            _machine.Calls.Finish(_sessions[i]);
        }
    }

    [IterationCleanup]
    public void Dispose()
    {
        foreach (int file in _files)
        {
            _machine.Kernel.Close(file);
        }

        _machine.Dispose();
    }
}
