using LuoInterop.Cli.Output;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Is what an image of memory says of handovers.</summary>
internal sealed class DecodeReport
{
    private DecodeReport(string path, MemoryImage image, HandoverSearchResult search)
    {
        Path = path;
        Image = image;
        Search = search;
        Chosen = search.Handovers.Count > 0 ? search.Handovers[0] : null;
        Sessions = [.. (Chosen?.Handover.Sessions ?? []).Select(session => DecodedSession.Read(image, session))];
        if (Chosen is { Handover.IsMapSound: true } found)
        {
            foreach ((_, int order) in found.Handover.Preserved.Pieces())
            {
                PreservedOrders[order] = PreservedOrders.GetValueOrDefault(order) + 1;
            }
        }
    }

    public string Path { get; }

    public MemoryImage Image { get; }

    public HandoverSearchResult Search { get; }

    /// <summary>Gets the handover that is shown; null where there is none.</summary>
    public FoundHandover? Chosen { get; }

    public IReadOnlyList<DecodedSession> Sessions { get; }

    /// <summary>Gets how many preserved pieces there are of each order; empty where the map is lost.</summary>
    public SortedDictionary<int, long> PreservedOrders { get; } = [];

    /// <summary>Gets the bytes of all preserved pieces.</summary>
    public ulong PreservedBytes => Sum(PreservedOrders.Select(static pair => (ulong)pair.Value << (pair.Key + KhoRadixTree.PageShift)));

    /// <summary>Gets the bytes of all memory files.</summary>
    public ulong FileBytes => Sum(
        Sessions.SelectMany(static session => session.Files).Select(static file => file.File.Memfd?.Record.FileSize ?? 0));

    /// <summary>Gets what could not be decoded, and matters: a kernel that was started frees the map and the blob LUO, and a handover
    /// that was found without them is whole.</summary>
    public IReadOnlyList<HandoverFault> Faults =>
        [.. (Chosen?.Handover.Faults ?? []).Where(fault => Chosen is not { SessionsFound: not null }
        || fault.Part is not ("preserved-memory map" or KexecMetadata.KHO_METADATA_NODE_NAME))];

    /// <summary>Gets the command's exit code.</summary>
    public int ExitCode => Chosen is null ? Output.ExitCode.Unknown
        : Chosen.Stage == HandoverStage.Stale || Faults.Count > 0
            || Sessions.Any(static session => session.CatalogueFault is not null
                || session.Files.Any(static file => file.File.Memfd is not null && !file.IsWhole)) ? Output.ExitCode.No
        : Output.ExitCode.Yes;

    /// <summary>Reads an image.</summary>
    /// <param name="path">Its path, to be shown.</param>
    /// <param name="image">The image; not owned.</param>
    /// <param name="root">The root tree's address where the user names one; null to look for it.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <exception cref="CommandFailure">There is no root tree at the address.</exception>
    public static DecodeReport Read(string path, MemoryImage image, ulong? root, CancellationToken cancellation)
    {
        if (root is not { } address)
        {
            using var progress = new ProgressLine("searching");
            return new DecodeReport(path, image, HandoverSearch.Find(image, progress, cancellation));
        }

        try
        {
            return new DecodeReport(path, image, new HandoverSearchResult([HandoverSearch.Read(image, address)], [], 0, true));
        }
        catch (KhoFormatException error)
        {
            throw new CommandFailure($"no root tree of KHO at 0x{address:x}: {error.Message.TrimEnd('.')}");
        }
    }

    private static ulong Sum(IEnumerable<ulong> numbers) => numbers.Aggregate(0UL, static (sum, number) => unchecked(sum + number));
}
