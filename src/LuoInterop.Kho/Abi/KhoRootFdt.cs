namespace LuoInterop.Kho.Abi;

/// <summary>Builds the root device tree of KHO, one page (<c>kernel/liveupdate/kexec_handover.c</c>; names of
/// <c>include/linux/kho/abi/kexec_handover.h</c>).</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
public sealed class KhoRootFdt
{
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = KhoRadixTree.PageSize;

    /// <summary>The format of Linux 7.2 and 7.3. The comment in the header says v3; the constant decides.</summary>
    public const string KHO_FDT_COMPATIBLE = "kho-v4";

    /// <summary>The format of Linux 7.1: the same layout.</summary>
    public const string KHO_FDT_COMPATIBLE_V3 = "kho-v3";

    /// <summary>The format of Linux 6.16 to 7.0: another memory map, and sub-trees without a size.</summary>
    public const string KHO_FDT_COMPATIBLE_V1 = "kho-v1";

    /// <summary>The kernel's <c>KHO_FDT_MEMORY_MAP_PROP_NAME</c>.</summary>
    public const string KHO_FDT_MEMORY_MAP_PROP_NAME = "preserved-memory-map";
    /// <summary>The kernel's <c>KHO_SUB_TREE_PROP_NAME</c>.</summary>
    public const string KHO_SUB_TREE_PROP_NAME = "preserved-data";
    /// <summary>The kernel's <c>KHO_SUB_TREE_SIZE_PROP_NAME</c>.</summary>
    public const string KHO_SUB_TREE_SIZE_PROP_NAME = "blob-size";

    /// <summary>A sub-tree's only property in "kho-v1" (<c>PROP_SUB_FDT</c>).</summary>
    public const string PROP_SUB_FDT = "fdt";

    private readonly KhoFdtWriter _writer = new();
    private readonly bool _hasSizes;
    private readonly Dictionary<string, ulong> _subtrees = [];

    /// <param name="memoryMap">The physical address of the radix tree's root, in "kho-v1" of the first chunk.</param>
    /// <param name="compatible">The format's name.</param>
    public KhoRootFdt(ulong memoryMap, string compatible = KHO_FDT_COMPATIBLE)
    {
        _hasSizes = compatible != KHO_FDT_COMPATIBLE_V1;
        _writer.Property("compatible", compatible);
        _writer.NativeUInt64(KHO_FDT_MEMORY_MAP_PROP_NAME, memoryMap);
        _writer.Finish();
    }

    /// <summary>Adds a sub-tree (<c>kho_add_subtree</c>).</summary>
    /// <returns><see cref="Errno.None"/>; EEXIST for a name that is there; ENOMEM when the page is full.</returns>
    public Errno AddSubtree(string name, ulong physicalAddress, ulong size)
    {
        Errno error = _hasSizes
            ? _writer.AddSubnode(name, [(KHO_SUB_TREE_PROP_NAME, physicalAddress), (KHO_SUB_TREE_SIZE_PROP_NAME, size)], PageSize)
            : _writer.AddSubnode(name, [(PROP_SUB_FDT, physicalAddress)], PageSize);
        if (error == Errno.None)
        {
            _subtrees.Add(name, physicalAddress);
        }

        return error;
    }

    /// <summary>Removes the sub-tree whose blob is at an address (<c>kho_remove_subtree</c>).</summary>
    public bool RemoveSubtree(ulong physicalAddress)
    {
        string? name = _subtrees.FirstOrDefault(subtree => subtree.Value == physicalAddress).Key;
        return name is not null && _subtrees.Remove(name) && _writer.RemoveSubnode(name);
    }

    /// <summary>Names another memory map (<c>kho_update_memory_map</c>, Linux 6.19 and 7.0).</summary>
    public void SetMemoryMap(ulong memoryMap) => _writer.ReplaceNativeUInt64(KHO_FDT_MEMORY_MAP_PROP_NAME, memoryMap);

    /// <summary>Gets the tree's bytes, without the rest of the page.</summary>
    public byte[] ToArray() => _writer.ToArray();

    /// <summary>Reads what the tree says; members that are missing, or cut off, are null.</summary>
    public static KhoTree Read(KhoFdt fdt)
    {
        string? compatible = fdt.Root.FirstString("compatible");
        string data = compatible == KHO_FDT_COMPATIBLE_V1 ? PROP_SUB_FDT : KHO_SUB_TREE_PROP_NAME;
        return new KhoTree(
            compatible,
            fdt.Root.NativeUInt64(KHO_FDT_MEMORY_MAP_PROP_NAME),
            [
                .. fdt.Root.Children.Select(child => new KhoSubTree(
                    child.Name, child.NativeUInt64(data), child.NativeUInt64(KHO_SUB_TREE_SIZE_PROP_NAME))),
            ]);
    }
}
