using System.Runtime.ExceptionServices;
using LuoInterop;
using MiniVmm.Memory;

namespace MiniVmm.Machine;

/// <summary>Makes a machine on a thread of its own while its RAM and its state are still being fetched: all but the RAM, and the vCPUs
/// after the first, as every guest has one.</summary>
/// <remarks>A guest that is resumed waits for both, and neither needs the other. What the kernel refuses is thrown by <see cref="Take"/>.
/// </remarks>
internal sealed class MachineAhead : IDisposable
{
    private readonly Thread _thread;
    private GuestMachine? _machine;
    private ExceptionDispatchInfo? _fault;

    /// <summary>Begins.</summary>
    /// <param name="kernel">The kernel whose KVM runs it.</param>
    /// <param name="console">Takes each byte that the guest writes to its serial port.</param>
    public MachineAhead(Kernel kernel, Action<byte> console)
    {
        _thread = new Thread(() => Make(kernel, console)) { IsBackground = true, Name = "machine" };
        _thread.Start();
    }

    /// <summary>Gives the machine its RAM and its other vCPUs. Once only: the machine is the caller's then.</summary>
    /// <inheritdoc cref="GuestMachine(Kernel, GuestRam, int, Action{byte})"/>
    public GuestMachine Take(GuestRam ram, int cpus)
    {
        _thread.Join();
        if (_fault is { } fault)
        {
            ram.Dispose();
            fault.Throw();
        }

        GuestMachine machine = _machine ?? throw new InvalidOperationException("The machine has been taken.");
        _machine = null;
        machine.Complete(ram, cpus);
        return machine;
    }

    /// <summary>Frees a machine that nobody has taken.</summary>
    public void Dispose()
    {
        _thread.Join();
        _machine?.Dispose();
        _machine = null;
    }

    // Whatever it is, it belongs to who takes the machine: a thread that throws would end the process.
    private void Make(Kernel kernel, Action<byte> console)
    {
        try
        {
            _machine = new GuestMachine(kernel, console);
        }
        catch (Exception error)
        {
            _fault = ExceptionDispatchInfo.Capture(error);
        }
    }
}
