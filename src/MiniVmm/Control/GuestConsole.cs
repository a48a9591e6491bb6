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
    private readonly KeptBytes _kept = new(MostKept);
    private bool _hasFailed;
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

    /// <summary>Gets or sets what is told that output cannot be written, and why: once, until some can be again.</summary>
    public Action<string>? OutputFailed { get; set; }

    /// <summary>Takes a byte of the guest's.</summary>
    public void Write(byte value) => _pieces.Write(value);

    /// <summary>Does what stops the guest, which is not waited for where nobody takes what it writes, and hands on what it has written.
    /// </summary>
    /// <returns>Whether all of it was taken.</returns>
    public bool Stop(Action stop)
    {
        _pieces.SetStopping(true);
        try
        {
            stop();
        }
        finally
        {
            _pieces.SetStopping(false);
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
            Enqueue(bytes);
            Pump();
        }
    }

    /// <summary>Takes what waits here, for a new owner of the guest. For a guest that stands still, disconnected.</summary>
    public ConsoleState Take()
    {
        // What is written out now is not carried. A piece that nobody takes is waited for again by Stop, which says so.
        _pieces.TryFlush(s_patience);
        byte[] waiting = _pieces.TakeWaiting();
        lock (_lock)
        {
            var state = new ConsoleState([.. _input], [.. _kept.Take(), .. waiting]);
            _input.Clear();
            return state;
        }
    }

    /// <summary>Puts back what was taken, here or by an owner before. For a guest that stands still.</summary>
    public void PutBack(ConsoleState? state)
    {
        if (state is null)
        {
            return;
        }

        _pieces.PutBack(state.Output);
        lock (_lock)
        {
            byte[] later = [.. _input];
            _input.Clear();
            Enqueue(state.Input);
            Enqueue(later);
        }
    }

    /// <summary>Connects a stream with the guest, until either ends.</summary>
    public async Task ServeAsync(ControlStream stream, CancellationToken cancellation)
    {
        Channel<byte[]> pieces = Channel.CreateBounded<byte[]>(MostPieces);
        lock (_lock)
        {
            _readers.Add(pieces);
            if (_kept.Count > 0)
            {
                pieces.Writer.TryWrite(_kept.Take());
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

    private void Enqueue(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (_input.Count < MostInput)
            {
                _input.Enqueue(value);
            }
        }
    }

    // On the thread of the pieces. Where nobody is connected nothing is allocated, so that a machine without memory is not the guest's end.
    private void Share(ReadOnlyMemory<byte> piece)
    {
        WriteOut(piece);
        lock (_lock)
        {
            if (_readers.Count > 0)
            {
                GiveReaders(piece.ToArray());
            }

            if (_readers.Count == 0 && Kind == ConsoleKind.Socket)
            {
                _kept.Add(piece.Span);
            }
        }
    }

    // Who is too slow is let go: the guest does not wait.
    private void GiveReaders(byte[] copy) =>
        _readers.RemoveAll(reader => !reader.Writer.TryWrite(copy) && reader.Writer.TryComplete());

    // A full disk under the terminal's file is not the guest's end.
    private void WriteOut(ReadOnlyMemory<byte> piece)
    {
        try
        {
            _output?.Invoke(piece);
            _hasFailed = false;
        }
        catch (IOException error)
        {
            if (!_hasFailed)
            {
                OutputFailed?.Invoke(error.Message);
            }

            _hasFailed = true;
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
