using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Is a folio on its way into the page cache of a retrieved file.</summary>
/// <param name="Pfn">Its first page frame number.</param>
/// <param name="Index">Its page offset in the file.</param>
/// <param name="Range">The host's folios that it belongs to, or null.</param>
internal readonly record struct ArrivingFolio(ulong Pfn, ulong Index, FolioRange? Range)
{
    /// <summary>Takes the folio's place in the file: 0, or EEXIST where a page has a folio already.</summary>
    /// <param name="order">The folio's order.</param>
    /// <param name="filled">The pages that have a folio.</param>
    /// <param name="pages">The file's length. What lies past the end is never seen.</param>
    /// <param name="poisoned">Receives the pages whose memory is broken.</param>
    /// <param name="count">How many of the folio's pages are seen.</param>
    public int Claim(int order, PageRanges filled, ulong pages, ICollection<long> poisoned, out ulong count)
    {
        count = Index < pages ? Math.Min(1UL << order, pages - Index) : 0;
        if (count != 0 && !filled.TryAdd(Index, count))
        {
            return Refused.EEXIST;
        }

        for (ulong i = 0; i < count; i++)
        {
            if (Range?.DamageOf(Pfn - Range.FirstPfn + i) == FolioDamage.HardwarePoisoned)
            {
                poisoned.Add((long)(Index + i));
            }
        }

        return 0;
    }

    /// <summary>Gives back the folios of an array that nobody will ask for, from one entry on.</summary>
    /// <typeparam name="T">The array's entries: <see cref="MemfdLuoFolioSer"/>, or what is laid out as that.</typeparam>
    public static void Discard<T>(KexecHandover handover, in KhoVmalloc array, ulong count, ulong first, Func<T, ulong> pfnOf)
        where T : struct, IKhoSer<T>
    {
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, array);
        for (ulong i = 0; i < count; i++)
        {
            ulong pfn = pfnOf(cursor.NextFolio<T>());
            if (i >= first && pfn != 0 && handover.RestoreFolio(pfn, out FolioRange? range) is >= 0 and var order)
            {
                handover.PutFolio(pfn, order, range);
            }
        }
    }
}
