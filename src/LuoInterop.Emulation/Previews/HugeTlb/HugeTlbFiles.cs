using System.Globalization;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.KernelImages;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Shows the pools in sysfs, procfs and the programs' cgroup (mm/hugetlb_sysfs.c, hugetlb_sysctl.c, hugetlb_cgroup.c).</summary>
/// <param name="pools">The pools.</param>
/// <param name="look">Brings the counts up to date with what programs did past the seam.</param>
internal sealed class HugeTlbFiles(HugeTlbPools pools, Action look)
{
    private const string SysFsFolder = "/sys/kernel/mm/hugepages";
    private const string CgroupFolder = "/sys/fs/cgroup";

    // CGROUP2_SUPER_MAGIC, include/uapi/linux/magic.h.
    private const long CgroupFs = 0x63677270;

    /// <summary>Adds the files.</summary>
    /// <param name="files">Where to.</param>
    /// <param name="frames">The page allocator, for the free memory in <c>/proc/meminfo</c>.</param>
    /// <param name="pageCount">The machine's pages.</param>
    public void AddTo(KernelFiles files, PageFrames frames, ulong pageCount)
    {
        files.AddOwnFolder(SysFsFolder);
        foreach (Hstate hstate in pools.Hstates)
        {
            string folder = $"{SysFsFolder}/{hstate.Name}";
            files.AddOwnFolder(folder);
            AddNumber($"{folder}/nr_hugepages", KernelFileNode.SysFs, () => hstate.NrHugePages, count => Resize(hstate, count));
            AddNumber(
                $"{folder}/nr_overcommit_hugepages", KernelFileNode.SysFs, () => hstate.NrOvercommitHugePages, count =>
                    Overcommit(hstate, count));
            AddNumber($"{folder}/free_hugepages", KernelFileNode.SysFs, () => hstate.FreeHugePages);
            AddNumber($"{folder}/resv_hugepages", KernelFileNode.SysFs, () => hstate.ResvHugePages);
            AddNumber($"{folder}/surplus_hugepages", KernelFileNode.SysFs, () => hstate.SurplusHugePages);
            AddCgroup(hstate);
        }

        Hstate standard = pools.Standard;
        AddNumber("/proc/sys/vm/nr_hugepages", KernelFileNode.ProcFs, () => standard.NrHugePages, count => Resize(standard, count));
        AddNumber(
            "/proc/sys/vm/nr_overcommit_hugepages",
            KernelFileNode.ProcFs,
            () => standard.NrOvercommitHugePages,
            count => Overcommit(standard, count));
        Add("/proc/meminfo", KernelFileNode.ProcFs, () => MemInfo(frames, pageCount));

        void AddNumber(string path, long fileSystem, Func<ulong> show, Func<ulong, int>? store = null) => Add(
            path,
            fileSystem,
            () => show().ToString(CultureInfo.InvariantCulture),
            store is null ? null : text => HugeTlbNode.Parse(text, out ulong value) is not 0 and var error ? error : store(value));

        void AddCgroup(Hstate hstate)
        {
            string size = hstate.PageSize >= 1 << 30 ? $"{hstate.PageSize >> 30}GB" : $"{hstate.PageSize >> 20}MB";
            HugeTlbCgroup cgroup = hstate.Cgroup;
            Add($"{CgroupFolder}/hugetlb.{size}.current", CgroupFs, () => Bytes(hstate, cgroup.Current));
            Add($"{CgroupFolder}/hugetlb.{size}.rsvd.current", CgroupFs, () => Bytes(hstate, cgroup.ReservedCurrent));
            Add($"{CgroupFolder}/hugetlb.{size}.max", CgroupFs, () => Limit(hstate, cgroup.Max), text =>
                SetLimit(text, hstate, cgroup.SetMax));
            Add(
                $"{CgroupFolder}/hugetlb.{size}.rsvd.max",
                CgroupFs,
                () => Limit(hstate, cgroup.ReservedMax),
                text => SetLimit(text, hstate, cgroup.SetReservedMax));
        }

        void Add(string path, long fileSystem, Func<string> show, Func<string, int>? store = null)
        {
            string Show()
            {
                look();
                return show();
            }

            int Store(string text)
            {
                look();
                return store(text);
            }

            files.Add(path, new HugeTlbNode(Show, store is null ? null : Store) { FileSystemType = fileSystem });
        }
    }

    private int Resize(Hstate hstate, ulong count)
    {
        if (pools.IsFrozen)
        {
            return Refused.EBUSY;
        }

        hstate.SetMaxHugePages(count);
        return 0;
    }

    private int Overcommit(Hstate hstate, ulong count)
    {
        if (pools.IsFrozen)
        {
            return Refused.EBUSY;
        }

        hstate.NrOvercommitHugePages = count;
        return 0;
    }

    // page_counter_memparse: "max", or bytes, of which whole huge pages count.
    private static int SetLimit(string text, Hstate hstate, Func<ulong?, int> set) =>
        text == "max" ? set(null)
        : text.Length > 0 && char.IsAsciiDigit(text[0]) ? set(KernelParameter.MemParse(text, out _) / (ulong)hstate.PageSize)
        : Refused.EINVAL;

    private static string Limit(Hstate hstate, ulong? pages) => pages is { } limit ? Bytes(hstate, limit) : "max";

    private static string Bytes(Hstate hstate, ulong pages) => (pages * (ulong)hstate.PageSize).ToString(CultureInfo.InvariantCulture);

    // The lines of /proc/meminfo that depend on the pools (hugetlb_report_meminfo), and the memory that they take.
    private string MemInfo(PageFrames frames, ulong pageCount)
    {
        Hstate standard = pools.Standard;
        ulong total = 0;
        foreach (Hstate hstate in pools.Hstates)
        {
            total += hstate.NrHugePages * (ulong)(hstate.PageSize >> 10);
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            MemTotal:       {pageCount * 4,8} kB
            MemFree:        {frames.FreeCount * 4,8} kB
            HugePages_Total:   {standard.NrHugePages,5}
            HugePages_Free:    {standard.FreeHugePages,5}
            HugePages_Rsvd:    {standard.ResvHugePages,5}
            HugePages_Surp:    {standard.SurplusHugePages,5}
            Hugepagesize:   {standard.PageSize >> 10,8} kB
            Hugetlb:        {total,8} kB
            """);
    }
}
