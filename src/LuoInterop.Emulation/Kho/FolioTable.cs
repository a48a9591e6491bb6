using System.Collections;

namespace LuoInterop.Emulation.Kho;

/// <summary>Finds the run of folios that a page frame belongs to, at a cost that does not depend on how many runs there are.</summary>
/// <remarks>
/// Enumerates the runs by address; the one just given may be taken out. Its own size follows the frames in use: a pointer for
/// each 2 MiB that one run fills, a table of 512 where runs share them. Not safe for use from several threads at once.
/// </remarks>
internal sealed class FolioTable(ulong pageCount) : IEnumerable<FolioRange>
{
    private const int Shift = 9;
    private const ulong Size = 1 << Shift;
    private const ulong Mask = Size - 1;

    // By 1 GiB, then by 2 MiB: nothing, the run that fills it, or an array with the run of each frame.
    private readonly object?[]?[] _chunks = new object?[]?[(pageCount >> (2 * Shift)) + 1];

    /// <summary>Enters a run whose frames belong to no other.</summary>
    public void Add(FolioRange range) => Set(range, range);

    /// <summary>Takes a run out.</summary>
    public void Remove(FolioRange range) => Set(range, null);

    /// <summary>Finds the run that a frame belongs to, or null.</summary>
    public FolioRange? Find(ulong pfn) =>
        pfn >= pageCount
            ? null
            : _chunks[pfn >> (2 * Shift)]?[(pfn >> Shift) & Mask] switch
            {
                FolioRange range => range,
                FolioRange?[] pages => pages[pfn & Mask],
                _ => null,
            };

    /// <summary>Tells whether any of some frames belongs to a run.</summary>
    public bool Any(ulong first, ulong end)
    {
        end = Math.Min(end, pageCount);
        for (ulong pfn = first; pfn < end;)
        {
            if (_chunks[pfn >> (2 * Shift)] is not { } table)
            {
                pfn = ((pfn >> (2 * Shift)) + 1) << (2 * Shift);
                continue;
            }

            ulong next = Math.Min(end, (pfn | Mask) + 1);
            switch (table[(pfn >> Shift) & Mask])
            {
                case FolioRange:
                case FolioRange?[] pages when pages.AsSpan((int)(pfn & Mask), (int)(next - pfn)).ContainsAnyExcept((FolioRange?)null):
                    return true;
            }

            pfn = next;
        }

        return false;
    }

    public IEnumerator<FolioRange> GetEnumerator()
    {
        for (ulong gigabyte = 0; gigabyte < (ulong)_chunks.Length; gigabyte++)
        {
            for (ulong i = 0; _chunks[gigabyte] is { } table && i < Size; i++)
            {
                ulong first = ((gigabyte << Shift) | i) << Shift;
                if (table[i] is FolioRange range && range.FirstPfn == first)
                {
                    yield return range;
                }

                for (ulong page = 0; table[i] is FolioRange?[] pages && page < Size; page++)
                {
                    if (pages[page] is { } part && part.FirstPfn == first + page)
                    {
                        yield return part;
                    }
                }
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Set(FolioRange range, FolioRange? value)
    {
        ulong end = range.FirstPfn + range.PageCount;
        for (ulong pfn = range.FirstPfn, next; pfn < end; pfn = next)
        {
            ref object?[]? table = ref _chunks[pfn >> (2 * Shift)];
            ref object? chunk = ref (table ??= new object?[Size])[(pfn >> Shift) & Mask];
            next = Math.Min(end, (pfn | Mask) + 1);
            if (next - pfn == Size)
            {
                chunk = value;
                continue;
            }

            if (chunk is not FolioRange?[] pages)
            {
                chunk = pages = new FolioRange?[Size];
            }

            pages.AsSpan((int)(pfn & Mask), (int)(next - pfn)).Fill(value);
        }
    }
}
