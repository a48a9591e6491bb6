using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Measures PRESERVE_FD of a file of one page, beside other preserved files.</summary>
/// <remarks>Page frames below those of the others are free, so that the new files come to lie before them.</remarks>
public class PreserveBenchmarks
{
    private const int Preserved = 128;

    private readonly int[] _files = new int[Preserved];
    private PopulatedMachine _machine = null!;
    private SafeFileHandle _session = null!;

    public static IEnumerable<int> Counts => Scale.Files;

    [ParamsSource(nameof(Counts))]
    public int Files { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _machine = new PopulatedMachine();
        for (int i = 0; i < Preserved; i++)
        {
            _files[i] = _machine.CreateMemfd(4096);
        }

        Create();
        Preserve();
        _machine.AddFiles(Files);
        Close();
    }

    [IterationSetup]
    public void Create() => _session = PopulatedMachine.Handle(_machine.Calls.Create(_machine.Device, "new"u8, 0));

    [Benchmark(OperationsPerInvoke = Preserved, Description = OperationNames.Preserve)]
    public void Preserve()
    {
        for (int i = 0; i < Preserved; i++)
        {
            _machine.Calls.Preserve(_session, _files[i], i);
        }
    }

    [IterationCleanup]
    public void Close() => _machine.Kernel.Close((int)_session.DangerousGetHandle());

    [GlobalCleanup]
    public void Dispose()
    {
        foreach (int file in _files)
        {
            _machine.Kernel.Close(file);
        }

        _machine.Dispose();
    }
}
