namespace MiniVmm.Devices;

/// <summary>Is as much of a keyboard controller as resets the machine: command 0xfe to port 0x64.</summary>
/// <remarks>There is no keyboard: nothing is ever to be read, and what is written elsewhere is taken and ignored.</remarks>
/// <param name="reset">Called when the guest asks for a reset, on the thread of its vCPU.</param>
internal sealed class I8042(Action reset) : IPortDevice
{
    /// <summary>The first port, of data.</summary>
    public const ushort FirstPort = 0x60;

    /// <summary>How many ports the device claims; those between data and commands are others' on a PC.</summary>
    public const int PortCount = 1;

    /// <summary>The port of status and commands.</summary>
    public const ushort CommandPort = 0x64;

    private const byte ResetCommand = 0xfe;

    // Status: self-test passed, last write was a command, keyboard not locked. Neither buffer is ever full.
    private const byte SystemFlag = 0x04;
    private const byte CommandFlag = 0x08;
    private const byte Unlocked = 0x10;

    private volatile bool _lastWasCommand;

    /// <summary>Claims the device's two ports.</summary>
    public void AddTo(PortBus bus)
    {
        bus.Add(FirstPort, PortCount, this);
        bus.Add(CommandPort, PortCount, this);
    }

    /// <summary>Gets all that the guest can see of the device.</summary>
    public I8042State Save() => new(_lastWasCommand);

    /// <summary>Puts back what <see cref="Save"/> gave.</summary>
    public void Restore(I8042State state) => _lastWasCommand = state.LastWriteWasCommand;

    /// <inheritdoc/>
    public void Read(ushort port, Span<byte> data)
    {
        data.Clear();
        if (port == CommandPort)
        {
            data[0] = (byte)(SystemFlag | Unlocked | (_lastWasCommand ? CommandFlag : 0));
        }
    }

    /// <inheritdoc/>
    public void Write(ushort port, ReadOnlySpan<byte> data)
    {
        _lastWasCommand = port == CommandPort;
        if (port == CommandPort && data[0] == ResetCommand)
        {
            reset();
        }
    }
}
