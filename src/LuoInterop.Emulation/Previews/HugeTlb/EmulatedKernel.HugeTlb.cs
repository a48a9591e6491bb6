using LuoInterop.Emulation.Luo;
using LuoInterop.Emulation.Previews.HugeTlb;
using LuoInterop.KernelImages;
using LuoInterop.Kho;

namespace LuoInterop.Emulation.Boot;

/// <content>HugeTLB's part of the boot.</content>
internal sealed partial class EmulatedKernel
{
    // In the kernel's order: parse, look at what LUO brings, allocate from memblock, then from the page allocator.
    private PageHandover StartHugeTlb(IReadOnlyList<KernelParameter> parameters, bool hasKho)
    {
        PreviewParameters preview = PreviewParameters.Read(parameters);
        var boot = new HugeTlbBoot(Handover, parameters, preview.Memory);
        PageHandover pages = PageHandover.Create(preview.Luo, Handover, hasKho && IsLiveUpdateOn ? Luo!.Flbs : null);
        boot.AllocateGigantic(pages);
        HugeTlbPools pools = boot.Complete(pages);
        HugeTlb = new HugeTlbCore(pools, Inodes, Options.LargestFolioOrder);
        MemfdCalls = HugeTlb.Calls;
        HugeTlb.AddFiles(this);
        return pages;
    }

    // hugetlb_luo_init. A handler that cannot have its object is taken back.
    private void RegisterHugeTlb(LuoCore luo, PageHandover pages)
    {
        var handler = new HugeMemfdHandler(Handover, Inodes, HugeTlb!, pages);
        Register(luo, handler);
        if (pages.Register(handler, HugeTlb!.Pools) != 0)
        {
            luo.Unregister(handler);
        }
    }
}
