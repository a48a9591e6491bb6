using LuoInterop.Kho;

namespace LuoInterop.Emulation.Boot;

/// <summary>Counts what a kernel holds. Two counts that are equal say that nothing was leaked in between.</summary>
/// <remarks>Pages of the map of preserved memory count as free: Linux keeps those that it made,
/// also when they are empty (kho_radix_del_key).</remarks>
/// <param name="Pages">The pages in use.</param>
/// <param name="Frames">The frames that are free.</param>
/// <param name="Folios">The preserved files whose pages are in memory.</param>
/// <param name="FrozenFiles">The memory files whose size cannot change.</param>
/// <param name="PreservedFiles">The files that LUO holds.</param>
internal sealed record KernelFootprint(int Pages, ulong Frames, int Folios, int FrozenFiles, int PreservedFiles)
{
    /// <summary>Counts, under the kernel's lock.</summary>
    public static KernelFootprint Of(EmulatedKernel kernel)
    {
        lock (kernel.Lock)
        {
            int nodes = kernel.Handover.MapPages.Count();
            return new KernelFootprint(
                kernel.Handover.Memory.PopulatedPages().Count() - nodes,
                kernel.Handover.Frames.FreeCount + (ulong)nodes,
                kernel.Handover.Memory.Folios.Count(),
                kernel.Inodes.Frozen().Count(),
                kernel.Luo?.PreservedFiles.Count ?? 0);
        }
    }
}
