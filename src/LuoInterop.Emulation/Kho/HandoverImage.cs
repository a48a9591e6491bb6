using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Brings what another machine's kernel left at a kexec into an emulated machine's memory.</summary>
internal static class HandoverImage
{
    /// <summary>Copies what a next kernel can reach: the root tree, scratch's array, the tree of preserved pieces,
    /// and the pieces.</summary>
    /// <remarks>All else in the image is what every boot frees.</remarks>
    /// <param name="memory">The emulated machine's memory, empty.</param>
    /// <param name="image">The other machine's memory.</param>
    /// <param name="data">What its boot protocol tells of the handover.</param>
    /// <exception cref="KhoFormatException">The root tree or the tree of pieces cannot be decoded.</exception>
    /// <exception cref="ArgumentException">The emulated machine has less memory, or the image has a hole.</exception>
    public static void Load(PhysicalMemory memory, IPhysicalMemory image, KhoSetupData data)
    {
        Handover handover = HandoverReader.Read(image, data.FdtAddress);
        Copy(memory, image, data.FdtAddress, data.FdtSize);
        Copy(memory, image, data.ScratchAddress, data.ScratchSize);
        foreach (ulong node in handover.Preserved.Nodes())
        {
            Copy(memory, image, node, PhysicalMemory.PageSize);
        }

        foreach ((ulong address, int order) in handover.Preserved.Pieces())
        {
            Copy(memory, image, address, (ulong)PhysicalMemory.PageSize << order);
        }
    }

    private static void Copy(PhysicalMemory memory, IPhysicalMemory image, ulong address, ulong length)
    {
        for (ulong pfn = address >> PhysicalMemory.PageShift; pfn << PhysicalMemory.PageShift < address + length; pfn++)
        {
            if (pfn >= memory.PageCount)
            {
                throw new ArgumentException($"The page 0x{pfn << PhysicalMemory.PageShift:x} lies past the machine's memory.",
                    nameof(memory));
            }

            if (memory.Page(pfn).IsEmpty)
            {
                memory.Populate(pfn);
            }

            if (!image.TryRead(pfn << PhysicalMemory.PageShift, memory.Page(pfn)))
            {
                throw new ArgumentException($"The image has no page 0x{pfn << PhysicalMemory.PageShift:x}.", nameof(image));
            }
        }
    }
}
