using LuoInterop.Emulation.HugeTlb;

namespace LuoInterop.Emulation.Boot;

/// <content>HugeTLB's part of the boot.</content>
internal sealed partial class RunningKernel
{
    // In the kernel's order: parse, look at what LUO brings, allocate from memblock, then from the page allocator.
    private void StartHugeTlb(IReadOnlyList<string> words)
    {
        PreviewParameters preview = PreviewParameters.Read(words);
        var boot = new HugeTlbBoot(Handover, words, preview.Memory);
        IEarlyPages early = new NoEarlyPages();
        boot.AllocateGigantic(early);
        HugeTlbPools pools = boot.Complete(early);
        HugeTlb = new HugeTlbCore(pools, Inodes, Options.LargestFolioOrder);
        MemfdCalls = HugeTlb.Calls;
        HugeTlb.AddFiles(this);
    }
}
