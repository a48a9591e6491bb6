using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Measures RETRIEVE_FD of a file of one page out of a number of incoming ones.</summary>
public class RetrieveFileBenchmarks
{
    private const int Retrieved = 100;

    private readonly int[] _files = new int[Retrieved];
    private readonly Dictionary<int, SafeFileHandle> _sessions = [];
    private PopulatedMachine _machine = null!;

    public static IEnumerable<int> Counts => Scale.Files;

    [ParamsSource(nameof(Counts))]
    public int Files { get; set; }

    [IterationSetup]
    public void HandOver()
    {
        _machine = new PopulatedMachine();
        _machine.AddFiles(Files);
        _machine.Load();
        _machine.Jump();
        _sessions.Clear();
        for (int i = 0; i * PopulatedMachine.FilesPerSession < Files; i++)
        {
            _sessions.Add(i, PopulatedMachine.Handle(_machine.Calls.Retrieve(_machine.Device, "present-"u8, i)));
        }
    }

    [Benchmark(OperationsPerInvoke = Retrieved, Description = OperationNames.RetrieveFile)]
    public void Retrieve()
    {
        for (int i = 0; i < Retrieved; i++)
        {
            (int session, int token) = Math.DivRem(i * (Files / Retrieved), PopulatedMachine.FilesPerSession);
            _files[i] = _machine.Calls.Retrieve(_sessions[session], token);
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
