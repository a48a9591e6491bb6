using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Measures reboot(KEXEC), the boot of the next kernel and the first open of its device, with one large populated memfd.</summary>
public class HandoverBenchmarks
{
    private PopulatedMachine _machine = null!;
    private int _memfd;

    [Params(true, false)]
    public bool HugeFolios { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _machine = new PopulatedMachine(HugeFolios);
        _memfd = _machine.CreateMemfd(Scale.HandoverSize);
        if (_machine.Kernel.FAllocate(PopulatedMachine.Handle(_memfd), 0, 0, Scale.HandoverSize) != 0)
        {
            throw new InvalidOperationException("The memory could not be allocated.");
        }
    }

    [IterationSetup]
    public void Preserve()
    {
        SafeFileHandle session = PopulatedMachine.Handle(_machine.Calls.Create(_machine.Device, "memory"u8, 0));
        _machine.Calls.Preserve(session, _memfd, 1);
        _machine.Kernel.Close(_memfd);
        _machine.Load();
    }

    [Benchmark]
    public void Handover() => _machine.Jump();

    [IterationCleanup]
    public void Retrieve()
    {
        int session = _machine.Calls.Retrieve(_machine.Device, "memory"u8, 0);
        _memfd = _machine.Calls.Retrieve(PopulatedMachine.Handle(session), 1);
        _machine.Kernel.Close(session);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _machine.Kernel.Close(_memfd);
        _machine.Dispose();
    }
}
