using BenchmarkDotNet.Attributes;
using LuoInterop.Kho;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Measures reboot(KEXEC), the boot of the next kernel and the first open of its device, with one populated memfd.</summary>
public class HandoverBenchmarks
{
    private PopulatedMachine _machine = null!;
    private int _memfd;

    public static IEnumerable<long> Sizes => Scale.Sizes;

    public static IEnumerable<int> Folios => [FolioSize.Small, FolioSize.Huge];

    // Before the other parameter, so that the memory of a size is allocated once.
    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [ParamsSource(nameof(Folios))]
    public int Folio { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _machine = new PopulatedMachine(Folio);
        _memfd = PopulatedMemory.Take(Size);
    }

    [IterationSetup]
    public void Preserve()
    {
        int session = _machine.Calls.Create(_machine.Device, "memory"u8, 0);
        _machine.Calls.Preserve(PopulatedMachine.Handle(session), _memfd, 1);
        _machine.Load();
    }

    [Benchmark]
    public void Handover() => _machine.Jump();

    [IterationCleanup]
    public void Retrieve()
    {
        SafeFileHandle session = PopulatedMachine.Handle(_machine.Calls.Retrieve(_machine.Device, "memory"u8, 0));
        _machine.Kernel.Close(_machine.Calls.Retrieve(session, 1));
        _machine.Kernel.Close((int)session.DangerousGetHandle());
    }

    [GlobalCleanup]
    public void Dispose() => _machine.Dispose();
}
