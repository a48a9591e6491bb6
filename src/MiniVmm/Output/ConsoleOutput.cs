namespace MiniVmm.Output;

/// <summary>Takes what a guest writes to its serial port, byte by byte, and hands it on in pieces on a thread of its own.</summary>
/// <remarks>The guest waits for nothing but a lock, unless it is <see cref="MostWaiting"/> bytes ahead and is not being stopped.
/// Thread-safe.</remarks>
internal sealed class ConsoleOutput : IDisposable
{
    private const int MostWaiting = 1 << 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly object _lock = new();
    private readonly Action<ReadOnlyMemory<byte>> _sink;
    private readonly Thread _thread;
    private byte[] _filling = new byte[4096];
    private byte[] _writing = new byte[4096];
    private int _count;
    private bool _isWriting;
    private bool _ended;
    private bool _isStopping;

    /// <param name="sink">Takes the bytes, a piece at a time, on one thread.</param>
    public ConsoleOutput(Action<ReadOnlyMemory<byte>> sink)
    {
        _sink = sink;
        _thread = new Thread(Loop) { IsBackground = true, Name = "console" };
        _thread.Start();
    }

    /// <summary>Takes a byte.</summary>
    public void Write(byte value)
    {
        lock (_lock)
        {
            while (_count >= MostWaiting && !_ended && !_isStopping)
            {
                Monitor.Wait(_lock);
            }

            if (_ended && _count >= MostWaiting)
            {
                return;
            }

            if (_count == _filling.Length)
            {
                Array.Resize(ref _filling, _filling.Length * 2);
            }

            _filling[_count++] = value;
            if (_count == 1)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>Says whether the guest is being stopped: it is not made to wait then, however far ahead it is. What it does until it
    /// stands still is little.</summary>
    public void SetStopping(bool isStopping)
    {
        lock (_lock)
        {
            _isStopping = isStopping;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Takes back what has not been handed on, and is not being handed on at the moment.</summary>
    public byte[] TakeWaiting()
    {
        lock (_lock)
        {
            byte[] waiting = _filling[.._count];
            _count = 0;
            Monitor.PulseAll(_lock);
            return waiting;
        }
    }

    /// <summary>Puts bytes before those that wait to be handed on.</summary>
    public void PutBack(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            byte[] all = [.. bytes, .. _filling.AsSpan(0, _count)];
            if (all.Length > 0)
            {
                _filling = all;
                _count = all.Length;
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>Waits until all that was taken has been handed on, or for a time.</summary>
    /// <returns>Whether it has been.</returns>
    public bool TryFlush(TimeSpan patience)
    {
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_lock)
        {
            while (_count > 0 || _isWriting)
            {
                long left = end - Environment.TickCount64;
                if (left <= 0)
                {
                    return false;
                }

                Monitor.Wait(_lock, (int)left);
            }

            return true;
        }
    }

    /// <summary>Waits until all that was taken has been handed on.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            while (_count > 0 || _isWriting)
            {
                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>Hands the rest on, and ends. A sink that takes nothing is not waited for.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            Monitor.PulseAll(_lock);
        }

        _thread.Join(s_patience);
    }

    private void Loop()
    {
        while (true)
        {
            int count;
            lock (_lock)
            {
                _isWriting = false;
                Monitor.PulseAll(_lock);
                while (_count == 0 && !_ended)
                {
                    Monitor.Wait(_lock);
                }

                if (_count == 0)
                {
                    return;
                }

                (_filling, _writing) = (_writing, _filling);
                count = _count;
                _count = 0;
                _isWriting = true;
            }

            _sink(_writing.AsMemory(0, count));
        }
    }
}
