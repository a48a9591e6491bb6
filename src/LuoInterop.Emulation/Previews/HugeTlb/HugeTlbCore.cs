using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Kho;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>HugeTLB of one kernel: the pools, the memory files of huge pages, and the files that show them.</summary>
internal sealed class HugeTlbCore
{
    public HugeTlbCore(HugeTlbPools pools, MemfdInodes inodes, int largest)
    {
        Pools = pools;
        Memfds = new HugeMemfds(pools, inodes);
        Calls = new HugeMemfdCalls(inodes, largest, pools, Memfds);
    }

    public HugeTlbPools Pools { get; }

    public HugeMemfds Memfds { get; }

    public HugeMemfdCalls Calls { get; }

    /// <summary>Counts the pools as they are now.</summary>
    public IReadOnlyList<HugePagePool> Count()
    {
        Memfds.Look();
        return
        [
            .. Pools.Hstates.Select(static pool => new HugePagePool(
                pool.PageSize,
                pool.NrHugePages,
                pool.FreeHugePages,
                pool.ResvHugePages,
                pool.SurplusHugePages,
                pool.FromLiveUpdate,
                pool.Leaked)),
        ];
    }

    /// <summary>Adds the files of sysfs, procfs and the cgroup.</summary>
    public void AddFiles(EmulatedKernel kernel) =>
        new HugeTlbFiles(Pools, Memfds.Look).AddTo(kernel.Files, kernel.Handover.Frames, kernel.Handover.Memory.PageCount);
}
