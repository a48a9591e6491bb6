namespace MiniVmm.Guests;

/// <summary>Names the pages of one vCPU of a <see cref="PatternGuest"/>: some below the hole, and some above it.</summary>
/// <param name="LowStart">The first page below the hole.</param>
/// <param name="LowEnd">The address after the last one.</param>
/// <param name="HighStart">The first page above the hole.</param>
/// <param name="HighEnd">The address after the last one.</param>
internal readonly record struct PatternRange(ulong LowStart, ulong LowEnd, ulong HighStart, ulong HighEnd)
{
    /// <summary>The bytes of a page.</summary>
    public const int PageSize = 4096;

    private long LowPages => (long)(LowEnd - LowStart) / PageSize;

    /// <summary>Gets how many pages there are.</summary>
    public long Pages => LowPages + ((long)(HighEnd - HighStart) / PageSize);

    /// <summary>Gets the guest address of a page, in the order in which the guest counts.</summary>
    public ulong AddressOf(long page) =>
        page < LowPages ? LowStart + (ulong)(page * PageSize) : HighStart + (ulong)((page - LowPages) * PageSize);
}
