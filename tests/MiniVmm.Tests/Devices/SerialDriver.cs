namespace MiniVmm.Tests.Devices;

/// <summary>Does with a serial port what Linux' driver does in 8250_port.c: probe, startup, interrupts, console.</summary>
internal sealed class SerialDriver(SerialMachine machine)
{
    private const byte IerReceive = 0x05;
    private const byte IerThri = 0x02;
    private const byte LsrDr = 0x01;
    private const byte LsrThre = 0x20;
    private const int PassLimit = 512;

    private readonly Queue<byte> _queue = [];
    private byte _ier;

    /// <summary>Gets what was received.</summary>
    public List<byte> Input { get; } = [];

    /// <summary>Gets how many interrupts had a cause.</summary>
    public int Handled { get; private set; }

    public bool IsSending => _queue.Count > 0 || (_ier & IerThri) != 0;

    /// <summary>Finds out what the port is; null where there is none.</summary>
    public string? Probe()
    {
        byte ier = machine.In(1);
        machine.Out(1, 0);
        int off = machine.In(1) & 0x0f;
        machine.Out(1, 0x0f);
        int on = machine.In(1) & 0x0f;
        machine.Out(1, ier);
        if ((off, on) != (0, 0x0f))
        {
            return null;
        }

        byte mcr = machine.In(4);
        byte lcr = machine.In(3);
        machine.Out(4, 0x1a);
        int status = machine.In(6) & 0xf0;
        machine.Out(4, mcr);
        if (status != 0x90)
        {
            return null;
        }

        machine.Out(3, 0xbf);
        machine.Out(2, 0);
        machine.Out(3, 0);
        machine.Out(2, 1);
        string type = (machine.In(2) & 0xc0) switch { 0 => "8250", 0x80 => "16550", 0xc0 => "16550A", _ => "unknown" };
        machine.Out(3, lcr);
        machine.Out(4, mcr);
        ClearFifos();
        machine.In(0);
        machine.Out(1, 0);
        return type;
    }

    /// <summary>Opens the port: 115200 baud, FIFOs with a trigger level of 8, interrupts on.</summary>
    /// <returns>Whether the transmitter's interrupt comes whenever it is enabled.</returns>
    public bool Startup()
    {
        ClearFifos();
        ClearInterrupts();
        machine.Out(1, IerThri);
        bool first = (machine.In(2) & 1) == 0;
        machine.Out(1, 0);
        machine.Out(1, IerThri);
        bool second = (machine.In(2) & 1) == 0;
        machine.Out(1, 0);
        machine.Out(3, 3);
        machine.Out(4, 0x0b);
        machine.Out(1, IerThri);
        bool third = (machine.In(5) & 0x40) != 0 && (machine.In(2) & 1) == 0;
        machine.Out(1, 0);
        ClearInterrupts();

        machine.Out(3, 0x83);
        machine.Out(0, 1);
        machine.Out(1, 0);
        machine.Out(3, 3);
        machine.Out(2, 0x81);
        _ier = IerReceive;
        machine.Out(1, _ier);
        return first && second && third;
    }

    /// <summary>Queues bytes; interrupts send them.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            _queue.Enqueue(value);
        }

        if ((_ier & IerThri) == 0)
        {
            _ier |= IerThri;
            machine.Out(1, _ier);
        }
    }

    /// <summary>Writes as the kernel's console does: by polling, with the interrupts off meanwhile.</summary>
    public void Print(ReadOnlySpan<byte> bytes)
    {
        byte ier = machine.In(1);
        machine.Out(1, 0);
        foreach (byte value in bytes)
        {
            while ((machine.In(5) & LsrThre) == 0)
            {
            }

            machine.Out(0, value);
        }

        machine.Out(1, ier);
    }

    /// <summary>Takes one interrupt from the controller.</summary>
    public bool TakeInterrupt()
    {
        if (!machine.InterruptPending)
        {
            return false;
        }

        machine.InterruptPending = false;
        for (int pass = 0; pass < PassLimit && (machine.In(2) & 1) == 0; pass++)
        {
            Handled++;
            byte status = machine.In(5);
            while ((status & LsrDr) != 0)
            {
                Input.Add(machine.In(0));
                status = machine.In(5);
            }

            machine.In(6);
            if ((status & LsrThre) != 0 && (_ier & IerThri) != 0)
            {
                Fill();
            }
        }

        return true;
    }

    private void Fill()
    {
        for (int i = 0; i < 16 && _queue.Count > 0; i++)
        {
            machine.Out(0, _queue.Dequeue());
        }

        if (_queue.Count == 0)
        {
            _ier &= IerThri ^ 0xff;
            machine.Out(1, _ier);
        }
    }

    private void ClearFifos()
    {
        machine.Out(2, 1);
        machine.Out(2, 7);
        machine.Out(2, 0);
    }

    private void ClearInterrupts()
    {
        machine.In(5);
        machine.In(0);
        machine.In(2);
        machine.In(6);
    }
}
