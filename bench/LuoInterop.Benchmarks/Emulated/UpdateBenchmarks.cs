using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Measures a whole live update of one memfd: create, preserve, reboot(KEXEC), boot, first open, retrieve, finish.</summary>
public class UpdateBenchmarks
{
    private PopulatedMachine _machine = null!;
    private int _memfd;

    public static IEnumerable<long> Sizes => Scale.Sizes;

    [ParamsSource(nameof(Sizes))]
    public long Size { get; set; }

    [Params(FolioSize.Small, FolioSize.Huge)]
    public int Folio { get; set; }

    [ParamsAllValues]
    public FileContent Content { get; set; }

    [GlobalSetup]
    public void Populate()
    {
        _machine = new PopulatedMachine(Folio);
        _memfd = PopulatedMemory.Take(Size);
    }

    // The emulated kernel hears of nothing that is done to the file by the host; here nothing preserves it.
    [IterationSetup]
    public void Prepare()
    {
        _machine.Load();
        if (Content == FileContent.Sparse)
        {
            PopulatedMemory.PunchHole();
        }
    }

    [Benchmark]
    public void Update()
    {
        int session = _machine.Calls.Create(_machine.Device, "memory"u8, 0);
        _machine.Calls.Preserve(PopulatedMachine.Handle(session), _memfd, 1);
        _machine.Jump();
        SafeFileHandle retrieved = PopulatedMachine.Handle(_machine.Calls.Retrieve(_machine.Device, "memory"u8, 0));
        int file = _machine.Calls.Retrieve(retrieved, 1);
        _machine.Calls.Finish(retrieved);
        _machine.Kernel.Close((int)retrieved.DangerousGetHandle());
        _machine.Kernel.Close(file);
    }

    [GlobalCleanup]
    public void Dispose() => _machine.Dispose();
}
