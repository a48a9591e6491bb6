using LuoInterop.Kho;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Is a file of a handover, with what the image has of its content.</summary>
/// <param name="Session">Its session.</param>
/// <param name="File">Its records.</param>
/// <param name="Entry">Its entry in the session's catalogue, or null.</param>
/// <param name="Pages">What the image has of the pages of its folios.</param>
/// <param name="FolioOrders">How many folios there are of each order.</param>
/// <param name="Lost">Bytes of the file that no preserved folio has.</param>
/// <param name="FirstGap">The address of the first page of its folios that the image lacks; null where it has all.</param>
internal sealed record DecodedFile(
    HandoverSession Session,
    HandoverFile File,
    CatalogueEntry? Entry,
    PageCounts Pages,
    IReadOnlyDictionary<int, long> FolioOrders,
    ulong Lost,
    ulong? FirstGap)
{
    /// <summary>Gets whether the file is a memfd all of whose bytes are there.</summary>
    public bool IsWhole => File.Memfd is not null && Pages.IsWhole && Lost == 0;

    /// <summary>Reads what an image has of a file.</summary>
    public static DecodedFile Read(MemoryImage image, HandoverSession session, HandoverFile file, CatalogueEntry? entry)
    {
        var pages = default(PageCounts);
        var orders = new SortedDictionary<int, long>();
        ulong covered = 0;
        ulong? gap = null;
        if (file.Memfd is { } memfd)
        {
            foreach (HandoverFolio folio in memfd.Folios)
            {
                orders[folio.Order] = orders.GetValueOrDefault(folio.Order) + 1;
            }

            foreach (HandoverExtent extent in memfd.Extents())
            {
                covered += extent.Length;
                PageCounts counts = image.Count(extent.Address, (extent.Length + MemoryImage.PageSize - 1) / MemoryImage.PageSize);
                pages += counts;
                gap ??= counts.IsWhole ? null : FirstGapOf(image, extent);
            }
        }

        return new DecodedFile(session, file, entry, pages, orders, (file.Memfd?.Record.FileSize ?? 0) - covered, gap);
    }

    private static ulong? FirstGapOf(MemoryImage image, HandoverExtent extent)
    {
        for (ulong at = extent.Address; at < extent.Address + extent.Length; at += MemoryImage.PageSize)
        {
            if (!image.Count(at, 1).IsWhole)
            {
                return at;
            }
        }

        return null;
    }
}
