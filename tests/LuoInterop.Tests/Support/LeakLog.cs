using System.Collections.Concurrent;

namespace LuoInterop.Tests.Support;

/// <summary>Collects reports of lost sessions whose names start with a prefix of its own, so that tests do not see each other's.</summary>
internal sealed class LeakLog : IDisposable
{
    private readonly ConcurrentQueue<SessionLeak> _leaks = [];

    public LeakLog() => SessionLeak.Occurred += Add;

    /// <summary>Gets what every name in the test starts with.</summary>
    public string Prefix { get; } = Guid.NewGuid().ToString("N")[..12] + "-";

    public IReadOnlyList<SessionLeak> All => [.. _leaks];

    public void Dispose() => SessionLeak.Occurred -= Add;

    private void Add(SessionLeak leak)
    {
        if (leak.Name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            _leaks.Enqueue(leak);
        }
    }
}
