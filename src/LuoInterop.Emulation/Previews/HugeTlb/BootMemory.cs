using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Finds gigantic pages before the page allocator runs (memblock_alloc_hugetlb, mm/memblock.c of Linux 7.3).</summary>
/// <param name="handover">KHO, with the free frames of this boot.</param>
/// <param name="mode">What a KHO boot may take. A cold boot has no scratch-only mode.</param>
internal sealed class BootMemory(KexecHandover handover, BootMemoryMode mode)
{
    // KHO_SCRATCH_EXT_BLKSHIFT, less the shift of a page.
    private const int BlockShift = 18;

    /// <summary>Takes an aligned run of frames, the highest that there is.</summary>
    public bool TryAllocate(ulong frames, out ulong first)
    {
        if (handover.IncomingFdt == 0 || mode == BootMemoryMode.Early)
        {
            return handover.Frames.TryTakeHighest(frames, static _ => true, out first);
        }

        // What scratch-only mode finds is scratch, and no huge page may be there: it could never be preserved
        // (kho_scratch_overlap).
        first = 0;
        return mode == BootMemoryMode.Extended
            && handover.Frames.TryTakeHighest(frames, found => !handover.BusyBlocks.Contains(found >> BlockShift), out first);
    }
}
