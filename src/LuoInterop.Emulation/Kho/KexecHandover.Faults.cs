namespace LuoInterop.Emulation.Kho;

/// <content>What faults do to preserved memory.</content>
internal sealed partial class KexecHandover
{
    /// <summary>Does to a preserved folio what a fault asks for.</summary>
    /// <param name="range">The file that holds it.</param>
    /// <param name="page">A page of the file that it covers.</param>
    /// <param name="largest">The largest order of a folio.</param>
    /// <param name="damage">What happens to it.</param>
    public void Damage(FolioRange range, ulong page, int largest, FolioDamage damage)
    {
        // The folio that covers the page is the largest that begins where one of its order would.
        largest = range.Order ?? largest;
        page -= range.FilePage;
        int order = largest;
        ulong first = page & ~((1UL << order) - 1);
        while (FolioOrder(first, range.PageCount, largest) < order)
        {
            first = page & ~((1UL << --order) - 1);
        }

        if (damage == FolioDamage.NotPreserved)
        {
            _map!.Remove((range.FirstPfn + first) << PhysicalMemory.PageShift, order);
            return;
        }

        for (ulong i = 0; i < 1UL << order; i++)
        {
            range.Damage(first + i, damage);
        }
    }
}
