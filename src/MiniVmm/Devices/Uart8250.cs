namespace MiniVmm.Devices;

/// <summary>Is a serial port of a PC, a 16550A: FIFO of 16 bytes, THRE interrupts, loopback.</summary>
/// <remarks>
/// <para>A byte written to THR leaves at once, so that the transmitter is always empty. Its interrupt becomes pending when THR empties
/// or IER.THRI is set, and ends when IIR names it or THR is written. A line is never busy, so that input below the trigger level is a
/// character timeout at once.</para>
/// <para>Members may be called from several threads at once. The callbacks run inside the port's lock, in the order of what they
/// report, and must not call back. Source: National Semiconductor's data sheet PC16550D; names are of <c>linux/serial_reg.h</c>.</para>
/// </remarks>
internal sealed class Uart8250 : IPortDevice
{
    /// <summary>How many ports it has.</summary>
    public const int PortCount = 8;

    /// <summary>How many bytes of input wait in it at most.</summary>
    public const int FifoSize = 16;

    private const int Rbr = 0;
    private const int Ier = 1;
    private const int Iir = 2;
    private const int Lcr = 3;
    private const int Mcr = 4;
    private const int Lsr = 5;
    private const int Msr = 6;
    private const int Scr = 7;

    private const byte IerRdi = 0x01;
    private const byte IerThri = 0x02;
    private const byte IerRlsi = 0x04;
    private const byte IerMsi = 0x08;
    private const byte IerAll = 0x0f;
    private const byte IirNone = 0x01;
    private const byte IirMsi = 0x00;
    private const byte IirThri = 0x02;
    private const byte IirRdi = 0x04;
    private const byte IirRlsi = 0x06;
    private const byte IirTimeout = 0x0c;
    private const byte IirFifos = 0xc0;
    private const byte FcrEnable = 0x01;
    private const byte FcrClearReceiver = 0x02;
    private const byte FcrKept = 0xc9;
    private const byte LcrDlab = 0x80;
    private const byte McrDtr = 0x01;
    private const byte McrRts = 0x02;
    private const byte McrOut1 = 0x04;
    private const byte McrOut2 = 0x08;
    private const byte McrLoop = 0x10;
    private const byte McrAll = 0x1f;
    private const byte LsrDr = 0x01;
    private const byte LsrOe = 0x02;
    private const byte LsrEmpty = 0x60;
    private const byte MsrTeri = 0x04;
    private const byte MsrChanges = 0x0f;
    private const byte MsrCts = 0x10;
    private const byte MsrDsr = 0x20;
    private const byte MsrRi = 0x40;
    private const byte MsrDcd = 0x80;

    private readonly Lock _lock = new();
    private readonly ushort _firstPort;
    private readonly Action<byte> _transmit;
    private readonly Action<bool> _setLine;
    private readonly Action? _roomMade;
    private readonly byte[] _fifo = new byte[FifoSize];
    private int _fifoStart;
    private int _fifoCount;
    private byte _ier;
    private byte _fcr;
    private byte _lcr;
    private byte _mcr;
    private byte _lineErrors;
    private byte _modemChanges;
    private byte _scr;
    private ushort _divisor;
    private bool _threPending;
    private bool _line;

    /// <summary>Makes a port as a reset leaves it.</summary>
    /// <param name="firstPort">The number of its first port.</param>
    /// <param name="transmit">Takes each byte of output.</param>
    /// <param name="setLine">Takes the level of the interrupt line, when it changes and after <see cref="Restore"/>.</param>
    /// <param name="roomMade">Called when there is room for input again, or null.</param>
    public Uart8250(ushort firstPort, Action<byte> transmit, Action<bool> setLine, Action? roomMade = null)
    {
        _firstPort = firstPort;
        _transmit = transmit;
        _setLine = setLine;
        _roomMade = roomMade;
    }

    private bool HasFifos => (_fcr & FcrEnable) != 0;

    private int Capacity => HasFifos ? FifoSize : 1;

    private bool IsLooped => (_mcr & McrLoop) != 0;

    private bool DividerIsLatched => (_lcr & LcrDlab) != 0;

    private int TriggerLevel => HasFifos ? (_fcr >> 6) switch { 0 => 1, 1 => 4, 2 => 8, _ => 14 } : 1;

    /// <summary>Gives the guest input.</summary>
    /// <returns>How many bytes were taken: those that there was room for. None while the guest tests its port in loopback.</returns>
    public int Receive(ReadOnlySpan<byte> input)
    {
        lock (_lock)
        {
            int taken = IsLooped ? 0 : Math.Min(input.Length, Math.Max(Capacity - _fifoCount, 0));
            foreach (byte value in input[..taken])
            {
                Enqueue(value);
            }

            DriveLine();
            return taken;
        }
    }

    /// <summary>Gets all state; the port goes on as before.</summary>
    public Uart8250State Save()
    {
        lock (_lock)
        {
            byte[] input = new byte[_fifoCount];
            for (int i = 0; i < input.Length; i++)
            {
                input[i] = _fifo[(_fifoStart + i) % FifoSize];
            }

            return new Uart8250State(_ier, _fcr, _lcr, _mcr, _lineErrors, _modemChanges, _scr, _divisor, _threPending, input);
        }
    }

    /// <summary>Puts back what <see cref="Save"/> gave, and sets the interrupt line to its level.</summary>
    /// <remarks>The interrupt controllers' state comes before it. Where the line is high the guest may get one interrupt more, which finds
    /// its cause; it gets none less.</remarks>
    /// <exception cref="ArgumentException">No port has such a state. The port is as before.</exception>
    public void Restore(Uart8250State state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if ((state.InterruptEnable & ~IerAll) != 0 || (state.FifoControl & ~FcrKept) != 0 || (state.ModemControl & ~McrAll) != 0
            || (state.LineErrors & ~LsrOe) != 0 || (state.ModemChanges & ~MsrChanges) != 0
            || state.ReceiveFifo.Length > ((state.FifoControl & FcrEnable) != 0 ? FifoSize : 1))
        {
            throw new ArgumentException("The state is not one of a 16550A.", nameof(state));
        }

        lock (_lock)
        {
            _ier = state.InterruptEnable;
            _fcr = state.FifoControl;
            _lcr = state.LineControl;
            _mcr = state.ModemControl;
            _lineErrors = state.LineErrors;
            _modemChanges = state.ModemChanges;
            _scr = state.Scratch;
            _divisor = state.Divisor;
            _threPending = state.ThrePending;
            state.ReceiveFifo.CopyTo(_fifo, 0);
            _fifoStart = 0;
            _fifoCount = state.ReceiveFifo.Length;
            _line = LineLevel();
            _setLine(_line);
        }
    }

    /// <inheritdoc/>
    public void Read(ushort port, Span<byte> data)
    {
        lock (_lock)
        {
            for (int i = 0; i < data.Length; i++)
            {
                data[i] = ReadRegister(port - _firstPort + i);
            }
        }
    }

    /// <inheritdoc/>
    public void Write(ushort port, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            for (int i = 0; i < data.Length; i++)
            {
                WriteRegister(port - _firstPort + i, data[i]);
            }
        }
    }

    private byte ReadRegister(int register)
    {
        byte value;
        switch (register)
        {
            case Rbr when DividerIsLatched:
                return (byte)_divisor;
            case Rbr:
                value = Dequeue();
                break;
            case Ier:
                return DividerIsLatched ? (byte)(_divisor >> 8) : _ier;
            case Iir:
                byte source = Source();
                value = (byte)(source | (HasFifos ? IirFifos : 0));
                _threPending &= source != IirThri;
                break;
            case Lcr:
                return _lcr;
            case Mcr:
                return _mcr;
            case Lsr:
                value = (byte)(LsrEmpty | _lineErrors | (_fifoCount > 0 ? LsrDr : 0));
                _lineErrors = 0;
                break;
            case Msr:
                value = (byte)(ModemLines() | _modemChanges);
                _modemChanges = 0;
                break;
            case Scr:
                return _scr;
            default:
                return 0xff;
        }

        DriveLine();
        return value;
    }

    private void WriteRegister(int register, byte value)
    {
        switch (register)
        {
            case Rbr when DividerIsLatched:
                _divisor = (ushort)((_divisor & 0xff00) | value);
                break;
            case Rbr:
                Transmit(value);
                break;
            case Ier when DividerIsLatched:
                _divisor = (ushort)((value << 8) | (_divisor & 0xff));
                break;
            case Ier:
                // The transmitter is empty: to enable its interrupt is to get it.
                _threPending = (value & IerThri) != 0 && (_threPending || (_ier & IerThri) == 0);
                _ier = (byte)(value & IerAll);
                break;
            case Iir:
                WriteFifoControl(value);
                break;
            case Lcr:
                _lcr = value;
                break;
            case Mcr:
                WriteModemControl(value);
                break;
            case Scr:
                _scr = value;
                break;
            default:
                // LSR and MSR are for reading.
                return;
        }

        DriveLine();
    }

    private void Transmit(byte value)
    {
        if (!IsLooped)
        {
            _transmit(value);
        }
        else if (_fifoCount < Capacity)
        {
            Enqueue(value);
        }
        else
        {
            _lineErrors |= LsrOe;
        }

        _threPending = (_ier & IerThri) != 0;
    }

    private void WriteFifoControl(byte value)
    {
        bool enable = (value & FcrEnable) != 0;
        bool clear = enable != HasFifos || (enable && (value & FcrClearReceiver) != 0);

        // The other bits count only together with the first.
        _fcr = enable ? (byte)(value & FcrKept) : (byte)0;
        if (clear)
        {
            _fifoCount = 0;
            _roomMade?.Invoke();
        }
    }

    private void WriteModemControl(byte value)
    {
        byte before = ModemLines();
        bool wasLooped = IsLooped;
        _mcr = (byte)(value & McrAll);
        int changed = (before ^ ModemLines()) >> 4;

        // Of the ring indicator only its end is reported.
        _modemChanges |= (byte)((changed & ~MsrTeri) | (changed & MsrTeri & (before >> 4)));
        if (wasLooped && !IsLooped)
        {
            _roomMade?.Invoke();
        }
    }

    private void Enqueue(byte value)
    {
        _fifo[(_fifoStart + _fifoCount) % FifoSize] = value;
        _fifoCount++;
    }

    private byte Dequeue()
    {
        if (_fifoCount == 0)
        {
            return 0;
        }

        byte value = _fifo[_fifoStart];
        _fifoStart = (_fifoStart + 1) % FifoSize;
        _fifoCount--;
        if (_fifoCount == 0)
        {
            _roomMade?.Invoke();
        }

        return value;
    }

    /// <summary>Gets the lines of the other side: it is always there and ready, or this side itself in loopback.</summary>
    private byte ModemLines() => !IsLooped
        ? (byte)(MsrCts | MsrDsr | MsrDcd)
        : (byte)(((_mcr & McrRts) != 0 ? MsrCts : 0) | ((_mcr & McrDtr) != 0 ? MsrDsr : 0)
            | ((_mcr & McrOut1) != 0 ? MsrRi : 0) | ((_mcr & McrOut2) != 0 ? MsrDcd : 0));

    /// <summary>Gets the pending interrupt of highest priority.</summary>
    private byte Source() =>
        (_ier & IerRlsi) != 0 && _lineErrors != 0 ? IirRlsi
        : (_ier & IerRdi) != 0 && _fifoCount >= TriggerLevel ? IirRdi
        : (_ier & IerRdi) != 0 && _fifoCount > 0 ? IirTimeout
        : (_ier & IerThri) != 0 && _threPending ? IirThri
        : (_ier & IerMsi) != 0 && _modemChanges != 0 ? IirMsi
        : IirNone;

    /// <summary>Tells the level of the interrupt line, which a PC gates by OUT2; in loopback that output is off.</summary>
    private bool LineLevel() => Source() != IirNone && (_mcr & (McrOut2 | McrLoop)) == McrOut2;

    private void DriveLine()
    {
        bool level = LineLevel();
        if (level != _line)
        {
            _line = level;
            _setLine(level);
        }
    }
}
