namespace LuoInterop.Kho.Abi;

/// <summary>Builds the root device tree of KHO, one page (<c>kernel/liveupdate/kexec_handover.c</c>; names of <c>include/linux/kho/abi/kexec_handover.h</c>).</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
internal sealed class KhoRootFdt
{
    public const int PageSize = 4096;

    /// <summary>The format of Linux 7.2 and 7.3. The comment in the header says v3; the constant decides.</summary>
    public const string KHO_FDT_COMPATIBLE = "kho-v4";

    /// <summary>The format of Linux 7.1: the same layout.</summary>
    public const string KHO_FDT_COMPATIBLE_V3 = "kho-v3";

    public const string KHO_FDT_MEMORY_MAP_PROP_NAME = "preserved-memory-map";
    public const string KHO_SUB_TREE_PROP_NAME = "preserved-data";
    public const string KHO_SUB_TREE_SIZE_PROP_NAME = "blob-size";

    private readonly KhoFdtWriter _writer = new();
    private readonly Dictionary<string, ulong> _subtrees = [];

    /// <param name="memoryMap">The physical address of the radix tree's root.</param>
    /// <param name="compatible">The format's name.</param>
    public KhoRootFdt(ulong memoryMap, string compatible = KHO_FDT_COMPATIBLE)
    {
        _writer.Property("compatible", compatible);
        _writer.NativeUInt64(KHO_FDT_MEMORY_MAP_PROP_NAME, memoryMap);
        _writer.Finish();
    }

    /// <summary>Adds a sub-tree (<c>kho_add_subtree</c>).</summary>
    /// <returns><see cref="Errno.None"/>; EEXIST for a name that is there; ENOMEM when the page is full.</returns>
    public Errno AddSubtree(string name, ulong physicalAddress, ulong size)
    {
        Errno error = _writer.AddSubnode(
            name, [(KHO_SUB_TREE_PROP_NAME, physicalAddress), (KHO_SUB_TREE_SIZE_PROP_NAME, size)], PageSize);
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

    /// <summary>Gets the tree's bytes, without the rest of the page.</summary>
    public byte[] ToArray() => _writer.ToArray();

    /// <summary>Reads what the tree says; members that are missing, or cut off, are null.</summary>
    public static KhoTree Read(KhoFdt fdt) => new(
        fdt.Root.FirstString("compatible"),
        fdt.Root.NativeUInt64(KHO_FDT_MEMORY_MAP_PROP_NAME),
        [
            .. fdt.Root.Children.Select(static child => new KhoSubTree(
                child.Name,
                child.NativeUInt64(KHO_SUB_TREE_PROP_NAME),
                child.NativeUInt64(KHO_SUB_TREE_SIZE_PROP_NAME))),
        ]);
}
