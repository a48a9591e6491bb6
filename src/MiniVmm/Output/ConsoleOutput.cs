namespace MiniVmm.Output;

/// <summary>Takes what a guest writes to its serial port, byte by byte, and hands it on in pieces on a thread of its own.</summary>
/// <remarks>The guest waits for nothing but a lock, unless it is <see cref="MostWaiting"/> bytes ahead. Thread-safe.</remarks>
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
    private bool _isStarted;
    private bool _isWriting;
    private bool _ended;
    private bool _mayDrop;

    /// <param name="sink">Takes the bytes, a piece at a time, on one thread.</param>
    public ConsoleOutput(Action<ReadOnlyMemory<byte>> sink)
    {
        _sink = sink;
        _thread = new Thread(Loop) { IsBackground = true, Name = "console" };
    }

    /// <summary>Takes a byte.</summary>
    public void Write(byte value)
    {
        lock (_lock)
        {
            while (_count == MostWaiting && !_ended && !_mayDrop)
            {
                Monitor.Wait(_lock);
            }

            if (_count == MostWaiting)
            {
                return;
            }

            if (_count == _filling.Length)
            {
                Array.Resize(ref _filling, Math.Min(_filling.Length * 2, MostWaiting));
            }

            _filling[_count++] = value;

            // Not before there is something to write: who makes this may have a guest to resume first.
            if (!_isStarted)
            {
                _isStarted = true;
                _thread.Start();
            }
            else if (_count == 1)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>Says whether a guest that is too far ahead loses what it writes, instead of being made to wait: while it is stopped.
    /// </summary>
    public void SetMayDrop(bool mayDrop)
    {
        lock (_lock)
        {
            _mayDrop = mayDrop;
            Monitor.PulseAll(_lock);
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
        bool isStarted;
        lock (_lock)
        {
            _ended = true;
            isStarted = _isStarted;
            _isStarted = true;
            Monitor.PulseAll(_lock);
        }

        if (isStarted)
        {
            _thread.Join(s_patience);
        }
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
