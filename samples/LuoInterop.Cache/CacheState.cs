using LuoInterop.Cache.Items;

namespace LuoInterop.Cache;

/// <summary>Is what all connections share. <see cref="Gate"/> guards the items and the counts.</summary>
internal sealed class CacheState(ItemStore items, string memoryOrigin, TimeProvider clock)
{
    public Lock Gate { get; } = new();

    public ItemStore Items { get; } = items;

    public CacheStatistics Statistics { get; } = new();

    public TimeProvider Clock { get; } = clock;

    /// <summary>Where the memory came from: a word for <c>stats</c>.</summary>
    public string MemoryOrigin { get; } = memoryOrigin;

    public DateTimeOffset Started { get; } = clock.GetUtcNow();
}
