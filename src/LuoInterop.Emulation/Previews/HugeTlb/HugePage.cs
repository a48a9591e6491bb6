namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>A huge page of a file.</summary>
/// <param name="Pfn">Its first frame.</param>
/// <param name="IsCharged">Whether the cgroup counts it as in use: not where it was made to be pinned (memfd_alloc_folio).</param>
internal readonly record struct HugePage(ulong Pfn, bool IsCharged);
