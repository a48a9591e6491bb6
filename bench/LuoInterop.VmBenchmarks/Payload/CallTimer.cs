using System.Diagnostics;

namespace LuoInterop.VmBenchmarks;

/// <summary>Takes the time and the allocated bytes of a loop of managed calls. Allocates nothing itself.</summary>
internal sealed class CallTimer(int operations)
{
    private long _start;
    private long _bytes;

    /// <summary>Gets the nanoseconds of each operation's loop.</summary>
    public long[] Nanoseconds { get; } = new long[operations];

    /// <summary>Gets the bytes that each operation's loop allocated on this thread.</summary>
    public long[] Bytes { get; } = new long[operations];

    public void Start()
    {
        _bytes = GC.GetAllocatedBytesForCurrentThread();
        _start = Stopwatch.GetTimestamp();
    }

    public void Stop(int operation)
    {
        long end = Stopwatch.GetTimestamp();
        Bytes[operation] = GC.GetAllocatedBytesForCurrentThread() - _bytes;
        Nanoseconds[operation] = (end - _start) * (1_000_000_000 / Stopwatch.Frequency);
    }
}
