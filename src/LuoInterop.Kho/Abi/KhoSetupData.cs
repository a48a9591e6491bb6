using System.Buffers.Binary;

namespace LuoInterop.Kho.Abi;

/// <summary>Codes <c>struct kho_data</c> (<c>arch/x86/include/uapi/asm/setup_data.h</c>, since Linux 6.16): what the boot protocol tells
/// a kernel of a handover.</summary>
/// <param name="FdtAddress">The physical address of the root device tree (<c>fdt_addr</c>).</param>
/// <param name="FdtSize">Its bytes (<c>fdt_size</c>).</param>
/// <param name="ScratchAddress">The physical address of the array of scratch areas (<c>scratch_addr</c>).</param>
/// <param name="ScratchSize">Its bytes (<c>scratch_size</c>).</param>
public readonly record struct KhoSetupData(ulong FdtAddress, ulong FdtSize, ulong ScratchAddress, ulong ScratchSize)
    : IKhoSer<KhoSetupData>
{
    /// <summary>The size of the structure in bytes, as the kernel packs it.</summary>
    public const int Size = 32;

    /// <summary>The structure's type in the list of <c>struct setup_data</c>.</summary>
    public const uint SETUP_KEXEC_KHO = 10;

    /// <summary>The most areas that are read: two, and one for each of 1,024 memory nodes (MAX_NUMNODES on x86).</summary>
    public const int MaxScratchAreas = 2 + 1024;

    // Documentation/arch/x86/boot.rst: the list's head in the setup header, and the entries' own header.
    private const int ListOffset = 0x250;
    private const int EntryHeaderSize = 16;
    private const int MaxEntries = 256;

    static int IKhoSer<KhoSetupData>.SerSize => Size;

    /// <inheritdoc/>
    public static KhoSetupData Read(ReadOnlySpan<byte> source)
    {
        KhoFormatException.RequireSize(source, Size, "kho_data");
        return new KhoSetupData(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]));
    }

    /// <inheritdoc/>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, FdtAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], FdtSize);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], ScratchAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], ScratchSize);
    }

    /// <summary>Finds the structure in the list that begins in <c>struct boot_params</c>; null when there is none.</summary>
    /// <param name="memory">The memory as the kernel finds it.</param>
    /// <param name="bootParams">The physical address in RSI at a kernel's 64-bit entry.</param>
    /// <exception cref="KhoFormatException">The list leaves memory, does not end, or the structure is cut off.</exception>
    public static KhoSetupData? Find(IPhysicalMemory memory, ulong bootParams)
    {
        Span<byte> entry = stackalloc byte[EntryHeaderSize + Size];
        ulong address = ReadLink(memory, bootParams + ListOffset);
        for (int i = 0; address != 0; i++)
        {
            if (i == MaxEntries)
            {
                throw new KhoFormatException(KhoFormatError.TooLarge, $"The list of setup_data has more than {MaxEntries} entries.");
            }

            Span<byte> header = entry[..EntryHeaderSize];
            if (!memory.TryRead(address, header))
            {
                throw KhoFormatException.Unreadable(address, "setup_data");
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) == SETUP_KEXEC_KHO)
            {
                int length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(header[12..]), Size);
                return memory.TryRead(address + EntryHeaderSize, entry.Slice(EntryHeaderSize, length))
                    ? Read(entry.Slice(EntryHeaderSize, length))
                    : throw KhoFormatException.Unreadable(address, "kho_data");
            }

            address = BinaryPrimitives.ReadUInt64LittleEndian(header);
        }

        return null;
    }

    /// <summary>Reads the array of scratch areas (<c>kho_populate</c>); bytes after the last whole area are ignored.</summary>
    /// <exception cref="KhoFormatException">The array is not in memory, or larger than any machine's.</exception>
    public KhoScratch[] ReadScratch(IPhysicalMemory memory)
    {
        ulong count = ScratchSize / KhoScratch.Size;
        if (count > MaxScratchAreas)
        {
            throw new KhoFormatException(KhoFormatError.TooLarge, $"{count} scratch areas; {MaxScratchAreas} are read at most.");
        }

        var areas = new KhoScratch[(int)count];
        byte[] bytes = new byte[areas.Length * KhoScratch.Size];
        if (!memory.TryRead(ScratchAddress, bytes))
        {
            throw KhoFormatException.Unreadable(ScratchAddress, "array of scratch areas");
        }

        for (int i = 0; i < areas.Length; i++)
        {
            areas[i] = KhoScratch.Read(bytes.AsSpan(i * KhoScratch.Size));
        }

        return areas;
    }

    private static ulong ReadLink(IPhysicalMemory memory, ulong address)
    {
        Span<byte> link = stackalloc byte[sizeof(ulong)];
        return memory.TryRead(address, link)
            ? BinaryPrimitives.ReadUInt64LittleEndian(link)
            : throw KhoFormatException.Unreadable(address, "boot_params");
    }
}
