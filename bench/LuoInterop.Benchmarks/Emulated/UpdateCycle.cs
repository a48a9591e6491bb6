using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Benchmarks;

/// <summary>Makes whole live updates of one memfd: create, preserve, reboot(KEXEC), boot, first open, retrieve, finish.</summary>
internal sealed class UpdateCycle : IDisposable
{
    private readonly PopulatedMachine _machine;
    private readonly int _memfd;

    /// <param name="size">The memfd's size in bytes. It is there with all of its pages; see <see cref="PopulatedMemory"/>.</param>
    /// <param name="folio">The size in bytes of its folios.</param>
    public UpdateCycle(long size, int folio)
    {
        _machine = new PopulatedMachine(folio);
        _memfd = PopulatedMemory.Take(size);
    }

    /// <summary>Loads the next kernel, which can be done long before.</summary>
    public void Load() => _machine.Load();

    /// <summary>Makes one live update. The file that is retrieved is closed again.</summary>
    public void Run()
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

    public void Dispose() => _machine.Dispose();
}
