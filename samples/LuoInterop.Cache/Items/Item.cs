namespace LuoInterop.Cache.Items;

/// <summary>Is an item as it lies in memory: valid until the store is called again.</summary>
internal readonly ref struct Item
{
    public ReadOnlySpan<byte> Value { get; init; }

    public uint Flags { get; init; }

    public ulong Cas { get; init; }

    /// <summary>When it ends, in seconds since 1970; 0 for never.</summary>
    public long Expiry { get; init; }
}

/// <summary>Says under which condition an item is stored.</summary>
internal enum StoreCondition
{
    Always,
    Absent,
    Present,
    Unchanged,
}

/// <summary>Says what became of a command that changes an item.</summary>
internal enum StoreOutcome
{
    Stored,
    NotStored,
    Changed,
    NotFound,
    TooLarge,
}
