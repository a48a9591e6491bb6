using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho;

/// <summary>Decodes the sub-tree of <c>reserve_mem=</c> (<c>include/linux/kho/abi/memblock.h</c>, the same since Linux 6.16).</summary>
internal static class ReservedMemoryDecoder
{
    public const string MEMBLOCK_KHO_FDT = "memblock";
    public const string MEMBLOCK_KHO_NODE_COMPATIBLE = "memblock-v1";
    public const string RESERVE_MEM_KHO_NODE_COMPATIBLE = "reserve-mem-v1";

    public static KhoReading<IReadOnlyList<KhoReservedMemory>> Decode(byte[] bytes)
    {
        KhoFdt tree;
        try
        {
            tree = KhoFdt.Read(bytes);
        }
        catch (KhoFormatException error)
        {
            return KhoReading<IReadOnlyList<KhoReservedMemory>>.Unusable(
                error.Error == KhoFormatError.Truncated ? KhoState.Truncated : KhoState.Malformed, error.Message);
        }

        if (tree.Root.FirstString("compatible") is { } format && format != MEMBLOCK_KHO_NODE_COMPATIBLE)
        {
            return KhoReading<IReadOnlyList<KhoReservedMemory>>.Unknown(
                format, $"The reserved memory has the format \"{format}\"; {MEMBLOCK_KHO_NODE_COMPATIBLE} is known here.");
        }

        var areas = new List<KhoReservedMemory>();
        foreach (KhoFdtNode node in tree.Root.Children)
        {
            if (node.FirstString("compatible") == RESERVE_MEM_KHO_NODE_COMPATIBLE
                && node.NativeUInt64("start") is { } start && node.NativeUInt64("size") is { } size)
            {
                areas.Add(new(node.Name, start, size));
            }
        }

        return !tree.IsComplete
            ? KhoReading<IReadOnlyList<KhoReservedMemory>>.Partial(
                areas, $"The tree of reserved memory has {tree.Header.TotalSize} bytes, the file {tree.Available}.")
            : areas.Count < tree.Root.Children.Count
                ? KhoReading<IReadOnlyList<KhoReservedMemory>>.Unusable(
                    KhoState.Malformed, "The tree of reserved memory has nodes without a start and a size.")
            : KhoReading<IReadOnlyList<KhoReservedMemory>>.Present(areas);
    }
}
