namespace LuoInterop.Cache;

/// <summary>Counts what a process did since it started. The server's lock guards the counts of commands.</summary>
internal sealed class CacheStatistics
{
    private int _connections;
    private long _totalConnections;

    public long Gets { get; set; }

    public long Hits { get; set; }

    public long Sets { get; set; }

    public long Stored { get; set; }

    public long Deletes { get; set; }

    public long Touches { get; set; }

    public long Flushes { get; set; }

    public int Connections => Volatile.Read(ref _connections);

    public long TotalConnections => Interlocked.Read(ref _totalConnections);

    public void Connected()
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _totalConnections);
    }

    public void Disconnected() => Interlocked.Decrement(ref _connections);

    public void Reset() => Gets = Hits = Sets = Stored = Deletes = Touches = Flushes = 0;
}
