using System.Buffers.Binary;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Emulation.Kho;

/// <summary>Brings what another machine's kernel left at a kexec into an emulated machine's memory, and the other way round.</summary>
internal static class HandoverImage
{
    // Below 640 KiB, where no kernel preserves anything; Documentation/arch/x86/boot.rst has the layout.
    private const int BootParams = 0x9000;
    private const int SetupData = 0xa000;
    private const int SetupDataLink = 0x250;
    private const int SetupDataHeader = 16;

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

    /// <summary>Writes all memory into a sparse file, with what the boot protocol tells of a handover.</summary>
    public static void Save(PhysicalMemory memory, KhoSetupData? data, string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        RandomAccess.SetLength(file, (long)(memory.PageCount << PhysicalMemory.PageShift));
        foreach (ulong pfn in memory.PopulatedPages())
        {
            Save(file, pfn, memory.Page(pfn));
        }

        Span<byte> page = stackalloc byte[PhysicalMemory.PageSize];
        foreach (FolioRange range in memory.Folios)
        {
            for (ulong pfn = range.FirstPfn; pfn < range.FirstPfn + range.PageCount; pfn++)
            {
                if (memory.TryRead(pfn << PhysicalMemory.PageShift, page))
                {
                    Save(file, pfn, page);
                }
            }
        }

        if (data is { } told)
        {
            page.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(page[SetupDataLink..], SetupData);
            RandomAccess.Write(file, page, BootParams);
            page.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(page[sizeof(ulong)..], KhoSetupData.SETUP_KEXEC_KHO);
            BinaryPrimitives.WriteUInt32LittleEndian(page[(sizeof(ulong) + sizeof(uint))..], KhoSetupData.Size);
            told.Write(page[SetupDataHeader..]);
            RandomAccess.Write(file, page, SetupData);
        }
    }

    private static void Save(SafeFileHandle file, ulong pfn, ReadOnlySpan<byte> page)
    {
        if (page.ContainsAnyExcept((byte)0))
        {
            RandomAccess.Write(file, page, (long)(pfn << PhysicalMemory.PageShift));
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
