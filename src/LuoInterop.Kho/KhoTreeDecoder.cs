using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Decodes KHO's root device tree and names what is wrong with it.</summary>
internal static class KhoTreeDecoder
{
    public static KhoReading<KhoTree> Decode(byte[] bytes)
    {
        KhoFdt fdt;
        try
        {
            fdt = KhoFdt.Read(bytes);
        }
        catch (KhoFormatException error)
        {
            return KhoReading<KhoTree>.Unusable(
                error.Error == KhoFormatError.Truncated ? KhoState.Truncated : KhoState.Malformed, error.Message);
        }

        KhoTree tree = KhoRootFdt.Read(fdt);
        if (tree.Compatible is { } format && format is not (KhoRootFdt.KHO_FDT_COMPATIBLE
            or KhoRootFdt.KHO_FDT_COMPATIBLE_V3 or KhoRootFdt.KHO_FDT_COMPATIBLE_V1))
        {
            return KhoReading<KhoTree>.Unknown(format, $"The tree has the format \"{format}\"; kho-v1, kho-v3 and kho-v4 are known here.");
        }

        if (fdt.IsTruncated)
        {
            return KhoReading<KhoTree>.Partial(
                tree,
                $"The tree's header says {fdt.Header.TotalSize} bytes, the file has {fdt.Available}: the kernel fixed the file's "
                + "length before it added the last sub-trees. " + (fdt.IsComplete
                    ? "All that is in the tree could still be read."
                    : $"{tree.SubTrees.Count} sub-trees could be named; list sub_fdts for all of them."));
        }

        if (tree.Compatible is null || tree.PreservedMemoryMap is null)
        {
            return KhoReading<KhoTree>.Unusable(
                KhoState.Malformed, "The tree has no format name, or no preserved-memory-map of 8 bytes: it is not a tree of KHO.");
        }

        return KhoReading<KhoTree>.Present(tree);
    }
}
