namespace LuoInterop.Emulation.Kvm;

/// <summary>Lets readers go on while a writer waits for those that were inside before it came (<c>struct srcu_struct</c>,
/// kernel/rcu/srcutree.c).</summary>
/// <remarks>
/// Readers count themselves in one of two counters. A writer sends new ones to the other counter, and waits for the first: whoever comes
/// meanwhile does not keep it waiting. Readers may sleep, and must not take the running kernel's lock, with which writers wait.
/// </remarks>
internal sealed class Srcu
{
    private readonly Lock _writer = new();
    private readonly object _drained = new();
    private readonly long[] _readers = new long[2];
    private int _current;
    private volatile bool _isWaiting;

    /// <summary>Gets or sets what is told that a writer is about to wait for a reader; for tests.
    /// It must not wait for that reader to leave.</summary>
    public Action? Waiting { get; set; }

    /// <summary>Begins to read (srcu_read_lock): gives what <see cref="Exit"/> takes.</summary>
    public int Enter()
    {
        int index = Volatile.Read(ref _current);
        Interlocked.Increment(ref _readers[index]);
        return index;
    }

    /// <summary>Ends reading (srcu_read_unlock).</summary>
    public void Exit(int index)
    {
        if (Interlocked.Decrement(ref _readers[index]) == 0 && _isWaiting)
        {
            lock (_drained)
            {
                Monitor.PulseAll(_drained);
            }
        }
    }

    /// <summary>Waits until all have left who were inside at the call (synchronize_srcu).</summary>
    public void Synchronize()
    {
        lock (_writer)
        {
            // A reader that took the number before the last turn, and counted itself after it, is in the other counter.
            WaitFor(1 - _current);
            int before = _current;
            Volatile.Write(ref _current, 1 - before);
            WaitFor(before);
        }
    }

    private void WaitFor(int index)
    {
        lock (_drained)
        {
            // The flag is seen by the last reader, or its leaving by this writer: both sides have a full barrier in between.
            _isWaiting = true;
            Interlocked.MemoryBarrier();
            while (Volatile.Read(ref _readers[index]) != 0)
            {
                Waiting?.Invoke();
                Monitor.Wait(_drained);
            }

            _isWaiting = false;
        }
    }
}
