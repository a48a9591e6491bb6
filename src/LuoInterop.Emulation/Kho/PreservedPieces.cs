namespace LuoInterop.Emulation.Kho;

/// <summary>Knows the pieces of plain pages that the previous kernel preserved: <c>page->private</c> of
/// kho_preserved_memory_reserve.</summary>
/// <remarks>
/// A piece begins at a frame and may be restored once. Pieces are runs of a power of two frames, aligned to it, so that two
/// of them are apart, or one lies inside the other; no kernel writes the latter. Guarded by the running kernel's lock.
/// </remarks>
internal sealed class PreservedPieces(ulong pageCount)
{
    private readonly Dictionary<ulong, int> _orders = [];
    private readonly List<(ulong First, ulong End)> _runs = [];

    // For each piece with others inside: their first frames. Empty on a sound machine.
    private readonly Dictionary<ulong, List<ulong>> _inner = [];
    private readonly HashSet<ulong> _restoredInner = [];

    /// <summary>Gets the frames of all pieces as runs, by address, which neither touch nor overlap.</summary>
    public IReadOnlyList<(ulong First, ulong End)> Runs => _runs;

    /// <summary>Adds a piece; of several that begin at one frame the last is known, and the frames of all are kept.</summary>
    public void Add(ulong pfn, int order)
    {
        _orders[pfn] = order;
        _runs.Add((pfn, End(pfn, order)));
    }

    /// <summary>Ends the adding: sorts out which frames are kept.</summary>
    public void Seal()
    {
        // The longer of two that begin at one frame comes first, so that what is open is always outside.
        _runs.Sort(static (a, b) => a.First != b.First ? a.First.CompareTo(b.First) : b.End.CompareTo(a.End));
        var open = new Stack<(ulong First, ulong End)>();
        int joined = 0;
        for (int i = 0; i < _runs.Count; i++)
        {
            (ulong first, ulong end) = _runs[i];
            while (open.TryPeek(out (ulong First, ulong End) outside) && outside.End <= first)
            {
                open.Pop();
            }

            foreach ((ulong outside, _) in open)
            {
                if (outside != first)
                {
                    (_inner.TryGetValue(outside, out List<ulong>? inside) ? inside : _inner[outside] = []).Add(first);
                }
            }

            open.Push((first, end));
            if (joined > 0 && first <= _runs[joined - 1].End)
            {
                _runs[joined - 1] = (_runs[joined - 1].First, Math.Max(_runs[joined - 1].End, end));
            }
            else
            {
                _runs[joined++] = (first, end);
            }
        }

        _runs.RemoveRange(joined, _runs.Count - joined);
    }

    /// <summary>Takes a piece out of preservation (kho_restore_page).</summary>
    /// <returns>Its order, or -1 when no preserved piece begins here.</returns>
    /// <exception cref="EmulatedKernelPanicException">A piece inside was restored before:
    /// the kernel has one page in two places.</exception>
    public int Restore(ulong pfn)
    {
        if (!_orders.Remove(pfn, out int order))
        {
            return -1;
        }

        if (_inner.Count > 0)
        {
            RestoreInner(pfn, End(pfn, order));
        }

        return order;
    }

    /// <summary>Gets the frame after a piece, inside the machine's memory.</summary>
    public ulong End(ulong pfn, int order) => pfn + Math.Min(1UL << order, pageCount - pfn);

    // prep_compound_page clears page->private of the pages behind the first.
    private void RestoreInner(ulong pfn, ulong end)
    {
        _restoredInner.Add(pfn);
        foreach (ulong inside in _inner.GetValueOrDefault(pfn) ?? [])
        {
            if (inside < end && _restoredInner.Contains(inside))
            {
                throw new EmulatedKernelPanicException($"BUG: Bad page state: page frame 0x{inside:x} is restored twice");
            }

            if (inside < end)
            {
                _orders.Remove(inside);
            }
        }
    }
}
