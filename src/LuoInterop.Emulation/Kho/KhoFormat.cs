using LuoInterop.Emulation.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Knows one form of KHO's root tree, and of the map of preserved memory that it names.</summary>
internal abstract class KhoFormat(string compatible)
{
    /// <summary>Chunks and bitmaps: Linux 6.16 to 7.0.</summary>
    public static KhoFormat V1 { get; } = new Chunks();

    /// <summary>A radix tree: Linux 7.1.</summary>
    public static KhoFormat V3 { get; } = new Radix(KhoRootFdt.KHO_FDT_COMPATIBLE_V3);

    /// <summary>The same radix tree: Linux 7.2 and 7.3.</summary>
    public static KhoFormat V4 { get; } = new Radix(KhoRootFdt.KHO_FDT_COMPATIBLE);

    /// <summary>Gets the name without which a kernel takes nothing over.</summary>
    public string Compatible { get; } = compatible;

    /// <summary>Gets whether a sub-tree's node says how many bytes its blob has (since "kho-v3").</summary>
    public abstract bool HasSizes { get; }

    private string SubtreeProperty => HasSizes ? KhoRootFdt.KHO_SUB_TREE_PROP_NAME : KhoRootFdt.PROP_SUB_FDT;

    /// <summary>Finds the address of the map of preserved memory in a previous kernel's tree, as kho_populate does.</summary>
    /// <returns>0 where the tree is refused, is of another format, or names no map: the boot goes on without it.</returns>
    /// <exception cref="EmulatedKernelPanicException">The tree leads to where nothing is mapped.</exception>
    public ulong FindMap(LinuxFdt tree) =>
        tree.CheckHeader() == 0 && tree.CheckCompatible(LinuxFdt.Root, Compatible) == 0
            ? tree.NativeUInt64(LinuxFdt.Root, KhoRootFdt.KHO_FDT_MEMORY_MAP_PROP_NAME) ?? 0
            : 0;

    /// <summary>Finds a sub-tree in a previous kernel's tree (kho_retrieve_subtree); its size is 0 in a form that names none.</summary>
    /// <returns>0, ENOENT, or EINVAL where a property is missing or has another length.</returns>
    /// <exception cref="EmulatedKernelPanicException">The tree leads out of memory.</exception>
    public int FindSubtree(LinuxFdt tree, string name, out ulong address, out ulong size)
    {
        address = 0;
        size = 0;
        int node = tree.Subnode(LinuxFdt.Root, name);
        if (node < 0)
        {
            return Refused.ENOENT;
        }

        if (tree.NativeUInt64(node, SubtreeProperty) is not { } found)
        {
            return Refused.EINVAL;
        }

        address = found;
        if (HasSizes)
        {
            if (tree.NativeUInt64(node, KhoRootFdt.KHO_SUB_TREE_SIZE_PROP_NAME) is not { } length)
            {
                return Refused.EINVAL;
            }

            size = length;
        }

        return 0;
    }

    /// <summary>Enumerates what debugfs shows of a previous kernel's sub-trees (kho_in_debugfs_init): names,
    /// and null for the size in a form that names none.</summary>
    /// <exception cref="EmulatedKernelPanicException">While enumerating: the tree leads out of memory.</exception>
    public IEnumerable<(string? Name, ulong Address, ulong? Size)> ListSubtrees(LinuxFdt tree)
    {
        for (int node = tree.FirstSubnode(LinuxFdt.Root); node >= 0; node = tree.NextSubnode(node))
        {
            string? name = tree.Name(node);
            if (tree.NativeUInt64(node, SubtreeProperty) is not { } address)
            {
                continue;
            }

            ulong? size = HasSizes ? tree.NativeUInt64(node, KhoRootFdt.KHO_SUB_TREE_SIZE_PROP_NAME) : null;
            if (size is not null || !HasSizes)
            {
                yield return (name, address, size);
            }
        }
    }

    /// <summary>Makes an empty map; null when memory is short.</summary>
    public abstract PreservedMap? CreateMap(PhysicalMemory memory, PageFrames frames);

    /// <summary>Enumerates the pieces of the previous kernel's map.</summary>
    /// <exception cref="KhoFormatException">While enumerating: the kernel would follow a bad address.</exception>
    public abstract IEnumerable<(ulong Address, int Order)> Pieces(PhysicalMemory memory, ulong map);

    private sealed class Chunks() : KhoFormat(KhoRootFdt.KHO_FDT_COMPATIBLE_V1)
    {
        public override bool HasSizes => false;

        public override PreservedMap CreateMap(PhysicalMemory memory, PageFrames frames) => new PreservedBitmaps(memory, frames);

        public override IEnumerable<(ulong Address, int Order)> Pieces(PhysicalMemory memory, ulong map) =>
            KhoserMemMap.Pieces(memory, map);
    }

    private sealed class Radix(string compatible) : KhoFormat(compatible)
    {
        public override bool HasSizes => true;

        public override PreservedMap? CreateMap(PhysicalMemory memory, PageFrames frames) =>
            frames.AllocatePage() is not 0 and var root
                ? new PreservedRadixTree(new KhoRadixTree(memory, root, frames.AllocatePage, frames.FreePage))
                : null;

        public override IEnumerable<(ulong Address, int Order)> Pieces(PhysicalMemory memory, ulong map) =>
            new KhoRadixTree(memory, map).Pieces();
    }
}
