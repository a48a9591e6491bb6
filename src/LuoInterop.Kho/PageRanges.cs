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
        if (count - 1 > ulong.MaxValue - first)
        {
            return false;
        }

        (ulong First, ulong Last) range = (first, first + (count - 1));
        if (!_ranges.Add(range))
        {
            return false;
        }

        Merge(range);
        return true;
    }

    // Neighbours become one, so that what is claimed page by page in a row takes the place of one range.
    private void Merge((ulong First, ulong Last) range)
    {
        (ulong First, ulong Last) merged = range;
        if (range.First > 0 && _ranges.TryGetValue((range.First - 1, range.First - 1), out (ulong First, ulong Last) before))
        {
            merged.First = before.First;
            _ranges.Remove(before);
        }

        if (range.Last < ulong.MaxValue && _ranges.TryGetValue((range.Last + 1, range.Last + 1), out (ulong First, ulong Last) after))
        {
            merged.Last = after.Last;
            _ranges.Remove(after);
        }

        if (merged != range)
        {
            _ranges.Remove(range);
            _ranges.Add(merged);
        }
    }

    // Ranges that overlap compare as equal. That is an order, since those in the set never do.
    private sealed class Apart : IComparer<(ulong First, ulong Last)>
    {
        public static readonly Apart Instance = new();

        public int Compare((ulong First, ulong Last) x, (ulong First, ulong Last) y) =>
            x.Last < y.First ? -1 : x.First > y.Last ? 1 : 0;
    }
}
