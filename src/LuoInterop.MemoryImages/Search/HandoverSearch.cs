using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages.Search;

namespace LuoInterop.MemoryImages;

/// <summary>Finds handovers in an image of memory.</summary>
/// <remarks>
/// No symbol of Linux names them to readers of its memory, so that all that the image has is looked at: root trees at the
/// beginning of pages, what a boot protocol tells of one, session blocks. Each tree is verified by what it leads to.
/// </remarks>
public static class HandoverSearch
{
    private const int PageSize = MemoryImage.PageSize;
    private const int Step = 1 << 20;
    private const int MostSessionHeads = 64;

    /// <summary>Looks for handovers.</summary>
    /// <param name="image">The image.</param>
    /// <param name="progress">Is told how much of the addresses is done, from 0 to 1; null for none.</param>
    /// <param name="cancellation">Ends the search between two pieces of memory.</param>
    /// <exception cref="IOException">The image's file cannot be read.</exception>
    public static HandoverSearchResult Find(
        MemoryImage image, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        var scan = new PageScan();
        ulong scanned = Scan(image, scan, progress, cancellation);
        var found = new List<FoundHandover>();
        foreach (ulong tree in scan.Trees)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Verify(image, tree, scan.Setups.Where(setup => setup.FdtAddress == tree).Select(static setup => (KhoSetupData?)setup)
                .LastOrDefault()) is { } one)
            {
                found.Add(one);
            }
        }

        FindLostSessions(image, scan, found, cancellation);
        return new HandoverSearchResult([.. found.OrderBy(static one => one, Rank.Instance)], scan.Kernels, scanned, scan.IsComplete);
    }

    /// <summary>Reads the handover whose root tree is at an address.</summary>
    /// <exception cref="KhoFormatException">There is none.</exception>
    public static FoundHandover Read(MemoryImage image, ulong fdtAddress)
    {
        Handover handover = HandoverReader.Salvage(image, fdtAddress);
        return new FoundHandover(fdtAddress, StageOf(handover), null, null, handover);
    }

    private static ulong Scan(MemoryImage image, PageScan scan, IProgress<double>? progress, CancellationToken cancellation)
    {
        byte[] buffer = new byte[Step + PageSize];
        ulong scanned = 0;
        ulong at = 0;
        while (image.TryFindData(at, out MemoryRange data))
        {
            // A range that begins or ends within a page: all of the page is looked at, once.
            at = Math.Max(at, data.Address & ~(PageSize - 1UL));
            while (at < data.End)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report((double)at / Math.Max(image.End, 1));
                int length = (int)Math.Min(Step, (data.End - at + PageSize - 1) & ~(PageSize - 1UL));
                scanned += LookAt(image, scan, at, buffer, length);
                at += (ulong)length;
            }
        }

        return scanned;
    }

    private static ulong LookAt(MemoryImage image, PageScan scan, ulong address, byte[] buffer, int length)
    {
        Span<byte> pages = buffer.AsSpan(0, length);
        if (image.TryRead(address, pages))
        {
            Span<byte> ahead = buffer.AsSpan(length, PageScan.LookAhead);
            scan.Look(address, pages, image.TryRead(address + (ulong)length, ahead) ? ahead : default);
            return (ulong)length;
        }

        // One that cannot be read hides itself alone.
        ulong looked = 0;
        Span<byte> page = buffer.AsSpan(0, PageSize);
        for (int at = 0; at < length; at += PageSize)
        {
            if (image.TryRead(address + (ulong)at, page))
            {
                scan.Look(address + (ulong)at, page, default);
                looked += PageSize;
            }
        }

        return looked;
    }

    private static FoundHandover? Verify(MemoryImage image, ulong tree, KhoSetupData? setup)
    {
        try
        {
            Handover handover = HandoverReader.Salvage(image, tree);
            return new FoundHandover(tree, StageOf(handover), setup, null, handover);
        }
        catch (KhoFormatException)
        {
            // A tree of KHO by its name, and none by its content.
            return null;
        }
    }

    // A map that is sound is that of a kernel that still keeps it, or has just jumped.
    private static HandoverStage StageOf(Handover handover) =>
        handover.Sessions.Count > 0 && handover.Sessions.Any(session => IsSound(session, handover)) ? HandoverStage.Written
        : handover.IsMapSound ? HandoverStage.NotWritten
        : HandoverStage.Stale;

    // Sessions without files can be told from foreign bytes by their names alone.
    private static bool IsSound(HandoverSession session, Handover handover) => session.Files.Count > 0
        ? session.Files.Any(static file => file.Record.Compatible.Length > 0)
        : session.Record.Files == 0 && session.Record.Count == 0 && session.Record.Name.Length > 0 && handover.Faults.Count == 0;

    // A kernel frees the blob that names its incoming sessions, and keeps their blocks: they are tried with each tree that lacks them.
    private static void FindLostSessions(MemoryImage image, PageScan scan, List<FoundHandover> found, CancellationToken cancellation)
    {
        if (found.Exists(static one => one.Stage == HandoverStage.Written))
        {
            return;
        }

        int at = found.FindIndex(static one => one.Setup is not null && one.Stage == HandoverStage.Stale);
        at = at >= 0 ? at : found.FindIndex(static one => one.Stage == HandoverStage.Stale);
        if (at < 0)
        {
            return;
        }

        foreach (ulong head in scan.SessionHeads().Take(MostSessionHeads))
        {
            cancellation.ThrowIfCancellationRequested();
            Handover handover = HandoverReader.Salvage(image, found[at].FdtAddress, head);
            int faults = Weight(handover);
            if (StageOf(handover) == HandoverStage.Written
                && (found[at].SessionsFound is null || faults < Weight(found[at].Handover)
                    || (faults == Weight(found[at].Handover) && handover.Sessions.Count > found[at].Handover.Sessions.Count)))
            {
                found[at] = found[at] with { Stage = HandoverStage.Written, SessionsFound = head, Handover = handover };
            }
        }
    }

    private static int Weight(Handover handover) =>
        handover.Faults.Count(static fault => fault.Part.StartsWith("session", StringComparison.Ordinal));

    private sealed class Rank : IComparer<FoundHandover>
    {
        public static readonly Rank Instance = new();

        public int Compare(FoundHandover? x, FoundHandover? y)
        {
            int order = x!.Stage.CompareTo(y!.Stage);
            order = order != 0 ? order : (y.Setup is not null).CompareTo(x.Setup is not null);
            order = order != 0 ? order : Number(y).CompareTo(Number(x));
            order = order != 0 ? order : x.Handover.Faults.Count.CompareTo(y.Handover.Faults.Count);
            return order != 0 ? order : x.FdtAddress.CompareTo(y.FdtAddress);
        }

        private static ulong Number(FoundHandover found) => found.Handover.Luo?.LiveUpdateNumber ?? 0;
    }
}
