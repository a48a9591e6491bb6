using System.Threading.Channels;
using MiniVmm.Devices;
using MiniVmm.Machine;
using MiniVmm.Output;

namespace MiniVmm.Control;

/// <summary>Connects a guest's serial port with those who read and write it: a terminal or a file, and connections.</summary>
/// <remarks>
/// What nobody can take at the moment is kept, the last <see cref="MostKept"/> bytes of it, for the first who connects. Thread-safe.
/// </remarks>
internal sealed class GuestConsole : IDisposable
{
    /// <summary>The most bytes that are kept while nobody reads.</summary>
    public const int MostKept = 16 << 10;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private const int MostInput = 4096;
    private const int MostPieces = 1024;

    private readonly object _lock = new();
    private readonly Action<ReadOnlyMemory<byte>>? _output;
    private readonly ConsoleOutput _pieces;
    private readonly List<Channel<byte[]>> _readers = [];
    private readonly Queue<byte> _input = [];
    private byte[] _kept = [];
    private Uart8250? _port;

    /// <param name="kind">Where the console is.</param>
    /// <param name="output">Takes what the guest writes, on one thread; null where only connections do.</param>
    public GuestConsole(ConsoleKind kind, Action<ReadOnlyMemory<byte>>? output)
    {
        Kind = kind;
        _output = output;
        _pieces = new ConsoleOutput(Share);
    }

    /// <summary>Gets where the console is.</summary>
    public ConsoleKind Kind { get; }

    /// <summary>Takes a byte of the guest's.</summary>
    public void Write(byte value) => _pieces.Write(value);

    /// <summary>Does what stops the guest, which is not waited for where nobody takes what it writes, and hands on what it has written.
    /// </summary>
    /// <returns>Whether all of it was taken.</returns>
    public bool Stop(Action stop)
    {
        _pieces.SetMayDrop(true);
        try
        {
            stop();
        }
        finally
        {
            _pieces.SetMayDrop(false);
        }

        return _pieces.TryFlush(s_patience);
    }

    /// <summary>Sends input to the port of a machine from now on.</summary>
    public void Connect(GuestMachine machine)
    {
        // The port calls under its own lock, which the pump takes within the one here.
        machine.SerialHasRoom = () => ThreadPool.QueueUserWorkItem(static console => console.SendMore(), this, preferLocal: false);
        lock (_lock)
        {
            _port = machine.Serial;
            Pump();
        }
    }

    /// <summary>Keeps input from the guest, which is about to be saved.</summary>
    public void Disconnect()
    {
        lock (_lock)
        {
            _port = null;
        }
    }

    /// <summary>Gives the guest input. What is more than it takes for long is dropped, as a line without flow control does.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            foreach (byte value in bytes)
            {
                if (_input.Count < MostInput)
                {
                    _input.Enqueue(value);
                }
            }

            Pump();
        }
    }

    /// <summary>Gives what is kept to a new owner, and keeps it no longer.</summary>
    public byte[] TakeKept()
    {
        lock (_lock)
        {
            byte[] kept = _kept;
            _kept = [];
            return kept;
        }
    }

    /// <summary>Keeps what an owner before has kept.</summary>
    public void Keep(byte[] kept)
    {
        lock (_lock)
        {
            _kept = kept;
        }
    }

    /// <summary>Connects a stream with the guest, until either ends.</summary>
    public async Task ServeAsync(ControlStream stream, CancellationToken cancellation)
    {
        Channel<byte[]> pieces = Channel.CreateBounded<byte[]>(MostPieces);
        lock (_lock)
        {
            _readers.Add(pieces);
            if (_kept.Length > 0)
            {
                pieces.Writer.TryWrite(TakeKept());
            }
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            Task write = WriteAsync(stream, pieces.Reader, end.Token);
            Task first = await Task.WhenAny(write, ReadAsync(stream, end.Token)).ConfigureAwait(false);
            await first.ConfigureAwait(false);
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            lock (_lock)
            {
                _readers.Remove(pieces);
            }
        }
    }

    /// <summary>Hands the rest on, and ends.</summary>
    public void Dispose()
    {
        _pieces.Dispose();
        lock (_lock)
        {
            _port = null;
            _readers.ForEach(static reader => reader.Writer.TryComplete());
        }
    }

    private static async Task WriteAsync(ControlStream stream, ChannelReader<byte[]> pieces, CancellationToken cancellation)
    {
        await foreach (byte[] piece in pieces.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            await stream.WriteAsync(piece, cancellation).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(ControlStream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[MostInput];
        while (await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false) is var count and > 0)
        {
            Send(buffer.AsSpan(0, count));
        }
    }

    // On the thread of the pieces.
    private void Share(ReadOnlyMemory<byte> piece)
    {
        _output?.Invoke(piece);
        lock (_lock)
        {
            // Who is too slow is let go: the guest does not wait.
            byte[] copy = _readers.Count > 0 || Kind == ConsoleKind.Socket ? piece.ToArray() : [];
            _readers.RemoveAll(reader => !reader.Writer.TryWrite(copy) && reader.Writer.TryComplete());
            if (_readers.Count == 0 && Kind == ConsoleKind.Socket)
            {
                byte[] all = [.. _kept, .. copy];
                _kept = all.Length <= MostKept ? all : all[^MostKept..];
            }
        }
    }

    private void SendMore()
    {
        lock (_lock)
        {
            Pump();
        }
    }

    private void Pump()
    {
        while (_port is { } port && _input.TryPeek(out byte value) && port.Receive([value]) == 1)
        {
            _input.Dequeue();
        }
    }
}
