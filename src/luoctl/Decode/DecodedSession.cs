using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Is a session of a handover, with the names that its catalogue gives to files.</summary>
/// <param name="Session">Its records.</param>
/// <param name="Catalogue">Its catalogue; null where it has none, or it cannot be read.</param>
/// <param name="CatalogueFault">Why there are no names, where there should be; null else.</param>
/// <param name="Files">Its files.</param>
internal sealed record DecodedSession(
    HandoverSession Session, CatalogueDocument? Catalogue, string? CatalogueFault, IReadOnlyList<DecodedFile> Files)
{
    /// <summary>Reads a session.</summary>
    public static DecodedSession Read(MemoryImage image, HandoverSession session)
    {
        CatalogueDocument? catalogue = ReadCatalogue(image, session, out string? fault);
        ILookup<ulong, CatalogueEntry> entries = (catalogue?.Entries ?? []).Where(static entry => entry.Token is not null)
            .ToLookup(static entry => entry.Token!.Value);
        return new DecodedSession(
            session,
            catalogue,
            fault,
            [.. session.Files.Select(file => DecodedFile.Read(image, session, file, entries[file.Record.Token].FirstOrDefault()))]);
    }

    // The catalogue is the memfd of token 0, if that is one: others may use the token for what they like.
    private static CatalogueDocument? ReadCatalogue(MemoryImage image, HandoverSession session, out string? fault)
    {
        fault = null;
        HandoverMemfd? memfd = session.Files.FirstOrDefault(static file => file.Record.Token == SessionCatalogue.Token)?.Memfd;
        if (memfd is null || memfd.Record.FileSize is 0 or > CatalogueDocument.MaximumBytes)
        {
            return null;
        }

        byte[] bytes = new byte[memfd.Record.FileSize];
        foreach (HandoverExtent extent in memfd.Extents())
        {
            if (!image.TryRead(extent.Address, bytes.AsSpan((int)extent.Offset, (int)extent.Length)))
            {
                fault = $"The names of its files cannot be read: {image.Explain(extent.Address)}.";
                return null;
            }
        }

        try
        {
            return CatalogueDocument.Parse(bytes);
        }
        catch (SessionCatalogueException error)
        {
            // What does not even begin as JSON is some program's own file.
            fault = bytes.AsSpan().TrimStart((byte)' ') is [(byte)'{', ..] ? $"Its catalogue cannot be used: {error.Message}" : null;
            return null;
        }
    }
}
