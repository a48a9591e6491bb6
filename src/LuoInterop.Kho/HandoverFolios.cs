using System.Collections;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Holds a file's folios; those in a row, in memory and in the file, take the place of one.</summary>
internal sealed class HandoverFolios : IReadOnlyList<HandoverFolio>
{
    private readonly List<Run> _runs = [];

    public int Count { get; private set; }

    public HandoverFolio this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            int low = 0;
            for (int high = _runs.Count - 1; low < high;)
            {
                int middle = (low + high + 1) / 2;
                (low, high) = _runs[middle].First <= index ? (middle, high) : (low, middle - 1);
            }

            return _runs[low].At(index - _runs[low].First);
        }
    }

    public void Add(HandoverFolio folio)
    {
        if (_runs.Count > 0 && _runs[^1] is var last && folio.Order >= 0 && last.At(last.Count) == folio)
        {
            _runs[^1] = last with { Count = last.Count + 1 };
        }
        else
        {
            _runs.Add(new Run(folio.Record.Pfn, folio.Record.Index, Count, 1, folio.Record.Flags, (short)folio.Order));
        }

        Count++;
    }

    public IEnumerator<HandoverFolio> GetEnumerator()
    {
        foreach (Run run in _runs)
        {
            for (int i = 0; i < run.Count; i++)
            {
                yield return run.At(i);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // What a record holds is below 2^52; the sums of a run may pass that, and then equal no record's.
    private readonly record struct Run(ulong Pfn, ulong Index, int First, int Count, ushort Flags, short Order)
    {
        public HandoverFolio At(int i)
        {
            ulong pages = Order < 0 ? 0 : (ulong)i << Order;
            return new HandoverFolio(new MemfdLuoFolioSer(Pfn + pages, Flags, Index + pages), Order);
        }
    }
}
