using System.Runtime.InteropServices;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Tests.Fdt;

/// <summary>Holds what a tree means to a kernel, in the layout of oracle.c. Results are 0, <c>-errno</c> or <see cref="Fault"/>.</summary>
/// <remarks>Of LUO's tree: <see cref="Populated"/> with number and sessions, and the objects as the second blob.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal record struct FdtAnswer
{
    /// <summary>The kernel reads where nothing is mapped.</summary>
    public const int Fault = -4096;

    public int Populated;
    public int Luo;
    public int Metadata;
    public int Listed;
    public ulong Map;
    public ulong LuoAddress;
    public ulong LuoSize;
    public ulong MetadataAddress;
    public ulong MetadataSize;
    public ulong List;

    /// <summary>Judges the tree that lies on a memory's last page, as the emulated kernel does.</summary>
    public static FdtAnswer Judge(PhysicalMemory memory, FdtTree tree)
    {
        ulong page = (memory.PageCount - 1) << PhysicalMemory.PageShift;
        tree.CopyTo(memory.Structure(page, FdtTree.PageSize));
        ulong address = page + (ulong)tree.Offset;
        var answer = new FdtAnswer();
        if (tree.Form >= FdtForm.LuoWithFlb)
        {
            LinuxFdt luo = LinuxFdt.Direct(memory, address);
            answer.Populated = Guard(() => LuoTree.Find(luo, tree.Form == FdtForm.LuoWithFlb, out answer.Map, out answer.LuoAddress));
            answer.Luo = Guard(() => LuoTree.FindFlbs(luo, out answer.MetadataAddress));
            return answer;
        }

        KhoFormat format = tree.Form switch { FdtForm.KhoV4 => KhoFormat.V4, FdtForm.KhoV3 => KhoFormat.V3, _ => KhoFormat.V1 };
        LinuxFdt early = LinuxFdt.Early(memory, address, (ulong)(FdtTree.PageSize - tree.Offset));
        answer.Populated = Guard(() =>
        {
            answer.Map = format.FindMap(early);
            return 0;
        });
        if (answer.Map == 0)
        {
            return answer;
        }

        LinuxFdt root = LinuxFdt.Direct(memory, address);
        answer.Luo = Guard(() => format.FindSubtree(root, LuoSer.LUO_KHO_ENTRY_NAME, out answer.LuoAddress, out answer.LuoSize));
        answer.Metadata = Guard(
            () => format.FindSubtree(root, KexecMetadata.KHO_METADATA_NODE_NAME, out answer.MetadataAddress, out answer.MetadataSize));
        answer.Listed = Guard(() =>
        {
            foreach ((string? name, ulong blob, ulong? size) in format.ListSubtrees(root))
            {
                Add(blob);
                Add(size ?? 0);
                Add(name is null ? 0UL : 1);
                foreach (char letter in name ?? "")
                {
                    Add(letter);
                }
            }

            return 0;
        });
        return answer;

        void Add(ulong number) => answer.List = (answer.List ^ number) * 0x100000001b3;
    }

    private static int Guard(Func<int> step)
    {
        try
        {
            return step();
        }
        catch (EmulatedKernelPanicException)
        {
            return Fault;
        }
    }
}
