using System.Buffers.Binary;
using MiniVmm.Memory;

namespace MiniVmm.Boot;

/// <summary>Writes what a vCPU needs to begin in 64-bit mode: a GDT, and page tables that map every address to itself.</summary>
/// <remarks>
/// All of it is below 640 KiB. The tables map 4 GiB, or more where RAM reaches further, in pages of 2 MiB: the local APIC is in them.
/// </remarks>
internal static class LongMode
{
    /// <summary>The selector of flat 64-bit code: __BOOT_CS of the boot protocol.</summary>
    public const ushort CodeSelector = 0x10;

    /// <summary>The selector of flat data: __BOOT_DS of the boot protocol.</summary>
    public const ushort DataSelector = 0x18;

    /// <summary>The address of the GDT.</summary>
    public const ulong GdtAddress = 0x1000;

    /// <summary>The offset of the GDT's last byte.</summary>
    public const ushort GdtLimit = (4 * 8) - 1;

    /// <summary>The address of the top page table, for CR3.</summary>
    public const ulong TopTable = 0x8000;

    /// <summary>The address after the last page table that there may be.</summary>
    public const ulong TablesEnd = FirstDirectory + (MaxMapped >> GiBShift << PageShift);

    // Up to here there are page tables for, with room below 640 KiB.
    private const ulong MaxMapped = 64UL << GiBShift;

    private const ulong PointerTable = TopTable + 0x1000;
    private const ulong FirstDirectory = PointerTable + 0x1000;
    private const int PageShift = 12;
    private const int GiBShift = 30;
    private const ulong LargePage = 2 << 20;

    // Bits of a page table's entry (SDM volume 3, table 5-15 on).
    private const ulong Present = 1;
    private const ulong Writable = 2;
    private const ulong IsPage = 0x80;

    // Base 0, limit 4 GiB, present, accessed: code with L, data with D/B (SDM volume 3, figure 3-8).
    private const ulong FlatCode = 0x00af_9b00_0000_ffff;
    private const ulong FlatData = 0x00cf_9300_0000_ffff;

    /// <summary>Writes GDT and page tables.</summary>
    /// <returns>Where a vCPU begins, with the instruction and registers still to be filled in.</returns>
    /// <exception cref="BootImageException">The RAM is larger than the tables can map.</exception>
    public static BootEntry Write(GuestRam ram)
    {
        ulong end = Math.Max(ram.Ranges[^1].End, GuestRam.HighAddress);
        if (end > MaxMapped)
        {
            throw new BootImageException($"The guest's RAM ends at 0x{end:x}; its first page tables reach 0x{MaxMapped:x}.");
        }

        Span<byte> gdt = ram.At(GdtAddress, GdtLimit + 1);
        gdt.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[CodeSelector..], FlatCode);
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[DataSelector..], FlatData);

        int directories = (int)((end + (1UL << GiBShift) - 1) >> GiBShift);
        ram.At(TopTable, 2 << PageShift).Clear();
        Set(ram, TopTable, 0, PointerTable | Present | Writable);
        for (int i = 0; i < directories; i++)
        {
            ulong directory = FirstDirectory + ((ulong)i << PageShift);
            Set(ram, PointerTable, i, directory | Present | Writable);
            for (int j = 0; j < 512; j++)
            {
                Set(ram, directory, j, ((ulong)i << GiBShift) | ((ulong)j * LargePage) | Present | Writable | IsPage);
            }
        }

        return new BootEntry(0, 0, 0, 0, TopTable, GdtAddress, GdtLimit);
    }

    private static void Set(GuestRam ram, ulong table, int index, ulong entry) =>
        BinaryPrimitives.WriteUInt64LittleEndian(ram.At(table + ((ulong)index * 8), 8), entry);
}
