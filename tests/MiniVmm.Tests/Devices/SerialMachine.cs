using MiniVmm.Devices;

namespace MiniVmm.Tests.Devices;

/// <summary>Is a machine with a serial port and an interrupt controller that takes edges, as the guest's driver sees them.</summary>
/// <remarks>On demand the port is replaced after each access by another one with the saved state.</remarks>
internal sealed class SerialMachine
{
    public const ushort Port = 0x3f8;

    private readonly bool _restoresAlways;
    private readonly List<byte> _output = [];
    private bool _line;

    public SerialMachine(bool restoresAlways = false)
    {
        _restoresAlways = restoresAlways;
        Uart = Make();
    }

    public Uart8250 Uart { get; private set; }

    /// <summary>Gets what left the port.</summary>
    public IReadOnlyList<byte> Output => _output;

    /// <summary>Gets or sets whether an interrupt was taken and not delivered yet.</summary>
    public bool InterruptPending { get; set; }

    public bool Line => _line;

    public int Restores { get; private set; }

    public byte In(int register)
    {
        Span<byte> data = stackalloc byte[1];
        Uart.Read((ushort)(Port + register), data);
        AfterAccess();
        return data[0];
    }

    public void Out(int register, byte value)
    {
        Uart.Write((ushort)(Port + register), [value]);
        AfterAccess();
    }

    public int Type(ReadOnlySpan<byte> input)
    {
        int taken = Uart.Receive(input);
        AfterAccess();
        return taken;
    }

    /// <summary>Replaces the port by another one with its state.</summary>
    public void Restore()
    {
        Uart8250State state = Uart.Save();
        Uart = Make();
        Uart.Restore(state);
        Restores++;
    }

    private void AfterAccess()
    {
        if (_restoresAlways)
        {
            Restore();
        }
    }

    private Uart8250 Make() => new(Port, _output.Add, SetLine);

    private void SetLine(bool level)
    {
        InterruptPending |= level && !_line;
        _line = level;
    }
}
