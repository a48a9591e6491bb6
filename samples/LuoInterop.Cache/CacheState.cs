using LuoInterop.Cache.Items;
using LuoInterop.Systemd;

namespace LuoInterop.Cache;

/// <summary>Is what all connections share. <see cref="Gate"/> guards the items and the counts.</summary>
internal sealed class CacheState(ItemStore items, string memoryOrigin, TimeProvider clock)
{
    /// <summary>Takes the items that a memory has.</summary>
    public CacheState(PersistentMemory memory, TimeProvider clock)
        : this(new ItemStore(memory.Mapping, 0, memory.Length, clock), Words(memory.Origin), clock)
    {
    }

    public Lock Gate { get; } = new();

    public ItemStore Items { get; } = items;

    public CacheStatistics Statistics { get; } = new();

    public TimeProvider Clock { get; } = clock;

    /// <summary>Where the memory came from: a word for <c>stats</c>.</summary>
    public string MemoryOrigin { get; } = memoryOrigin;

    public DateTimeOffset Started { get; } = clock.GetUtcNow();

    private static string Words(MemoryOrigin origin) => origin switch
    {
        Systemd.MemoryOrigin.New => "new",
        Systemd.MemoryOrigin.Restart => "restart",
        Systemd.MemoryOrigin.Crash => "crash",
        _ => "live-update",
    };
}
