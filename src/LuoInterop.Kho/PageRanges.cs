namespace LuoInterop.Kho;

/// <summary>Holds ranges of pages that do not overlap; the cost of a range does not depend on its length.</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
public sealed class PageRanges
{
    private readonly SortedSet<(ulong First, ulong Last)> _ranges = new(Apart.Instance);

    /// <summary>Adds a range, unless one of its pages is in another or it wraps round.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">The number of pages, not 0.</param>
    /// <returns>False, with nothing added.</returns>
    public bool TryAdd(ulong first, ulong count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        return count - 1 <= ulong.MaxValue - first && _ranges.Add((first, first + (count - 1)));
    }

    // Ranges that overlap compare as equal. That is an order, since those in the set never do.
    private sealed class Apart : IComparer<(ulong First, ulong Last)>
    {
        public static readonly Apart Instance = new();

        public int Compare((ulong First, ulong Last) x, (ulong First, ulong Last) y) =>
            x.Last < y.First ? -1 : x.First > y.Last ? 1 : 0;
    }
}
