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

    /// <summary>Makes an empty map; null when memory is short.</summary>
    public abstract PreservedMap? CreateMap(PhysicalMemory memory, PageFrames frames);

    /// <summary>Enumerates the pieces of the previous kernel's map.</summary>
    /// <exception cref="KhoFormatException">While enumerating: the kernel would follow a bad address.</exception>
    public abstract IEnumerable<(ulong Address, int Order)> Pieces(PhysicalMemory memory, ulong map);

    private sealed class Chunks() : KhoFormat(KhoRootFdt.KHO_FDT_COMPATIBLE_V1)
    {
        public override bool HasSizes => false;

        public override PreservedMap CreateMap(PhysicalMemory memory, PageFrames frames) => new PreservedBitmaps(memory, frames);

        public override IEnumerable<(ulong Address, int Order)> Pieces(PhysicalMemory memory, ulong map) => KhoserMemMap.Pieces(memory, map);
    }

    private sealed class Radix(string compatible) : KhoFormat(compatible)
    {
        public override bool HasSizes => true;

        public override PreservedMap? CreateMap(PhysicalMemory memory, PageFrames frames) =>
            frames.AllocatePage() is not 0 and var root ? new PreservedRadixTree(new KhoRadixTree(memory, root, frames.AllocatePage, frames.FreePage)) : null;

        public override IEnumerable<(ulong Address, int Order)> Pieces(PhysicalMemory memory, ulong map) =>
            new KhoRadixTree(memory, map).Pieces();
    }
}
