using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Counts what a handover of one file writes to describe it: every page of the tree, the map, the blocks,
/// the record and the array.</summary>
/// <remarks>The format needs 16 bytes a folio (<see cref="MemfdLuoFolioSer"/>); the rest is the pages around it.</remarks>
internal static class HandoverMetadata
{
    /// <summary>Gives the bytes for each folio of a file of a size.</summary>
    public static double PerFolio(long size, int folio)
    {
        using var machine = new PopulatedMachine(folio);
        machine.AddFile(size);
        machine.Load();
        machine.Stop();
        Handover handover = machine.ReadHandover();
        HandoverSession session = handover.Sessions[0];
        HandoverMemfd memfd = session.Files[0].Memfd!;

        // One page each: the root device tree, kexec-metadata, LUO's head, the file's record.
        const int Single = 4;
        int pages = Single + handover.Preserved.Nodes().Count() + handover.SessionBlocks.Count + session.FileBlocks.Count
            + memfd.Array.Chunks.Count + memfd.Array.Pages.Count;
        return (double)pages * KhoRadixTree.PageSize / memfd.Folios.Count;
    }
}
