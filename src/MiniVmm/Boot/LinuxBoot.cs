using System.Buffers.Binary;
using System.Text;
using MiniVmm.Memory;

namespace MiniVmm.Boot;

/// <summary>Puts Linux into guest RAM as the 64-bit boot protocol wants it: <c>Documentation/arch/x86/boot.rst</c>.</summary>
/// <remarks>
/// Below 640 KiB are boot_params, the command line, GDT and page tables, and in the last KiB the MPTABLE; the kernel is where it
/// prefers to be, the initrd at the end of low RAM.
/// </remarks>
internal static class LinuxBoot
{
    /// <summary>Where RAM goes on above the ROM and devices of a PC.</summary>
    public const ulong HighMemory = 0x10_0000;

    /// <summary>The address of boot_params.</summary>
    public const ulong BootParams = 0x7000;

    /// <summary>The address of the command line.</summary>
    public const ulong CommandLine = 0x5_0000;

    private const int CommandLineRoom = 0x1_0000;
    private const int Page = 4096;

    // Fields of struct boot_params, <asm/bootparam.h>.
    private const int E820Entries = 0x1e8;
    private const int VidMode = 0x1fa;
    private const int TypeOfLoader = 0x210;
    private const int LoadFlags = 0x211;
    private const int Code32Start = 0x214;
    private const int RamdiskImage = 0x218;
    private const int RamdiskSize = 0x21c;
    private const int CmdLinePtr = 0x228;
    private const int SetupData = 0x250;
    private const int E820Table = 0x2d0;
    private const int E820EntrySize = 20;
    private const byte LoadedHigh = 1;
    private const byte UndefinedLoader = 0xff;
    private const ushort NormalMode = 0xffff;

    // enum e820_type, <asm/e820/types.h>.
    private const uint E820Ram = 1;
    private const uint E820Reserved = 2;

    /// <summary>Writes all that the kernel expects in memory.</summary>
    /// <param name="ram">The guest's RAM, fresh.</param>
    /// <param name="kernel">A bzImage; untrusted.</param>
    /// <param name="initrd">The initial root, or nothing.</param>
    /// <param name="commandLine">The kernel's parameters.</param>
    /// <param name="cpus">How many vCPUs the MPTABLE names.</param>
    /// <returns>Where the first vCPU begins; the others wait for its startup interrupt.</returns>
    /// <exception cref="BootImageException">What was given cannot be booted in this RAM; the message says why.</exception>
    public static BootEntry Load(
        GuestRam ram, ReadOnlySpan<byte> kernel, ReadOnlySpan<byte> initrd, string commandLine, int cpus)
    {
        BzImage image = BzImage.Parse(kernel);
        ulong ramEnd = ram.Low.End;
        if (image.LoadAddress > ramEnd || image.InitSize > ramEnd - image.LoadAddress)
        {
            throw new BootImageException(
                $"The kernel is too large for the RAM: it needs {image.InitSize} bytes from 0x{image.LoadAddress:x} on, and RAM ends at"
                + $" 0x{ramEnd:x}.");
        }

        byte[] parameters = Encode(commandLine, Math.Min(image.CommandLineSize, CommandLineRoom - 1));
        ulong initrdAddress = PlaceInitrd(initrd.Length, image, ramEnd);
        BootEntry entry = LongMode.Write(ram);
        MpTable.Write(ram, cpus);
        kernel.Slice(image.PayloadOffset, image.PayloadLength).CopyTo(ram.At(image.LoadAddress, image.PayloadLength));
        initrd.CopyTo(ram.At(initrdAddress, initrd.Length));
        Span<byte> line = ram.At(CommandLine, parameters.Length + 1);
        parameters.CopyTo(line);
        line[^1] = 0;

        Span<byte> zeroPage = ram.At(BootParams, Page);
        zeroPage.Clear();
        kernel[BzImage.HeaderStart..image.HeaderEnd].CopyTo(zeroPage[BzImage.HeaderStart..]);
        BinaryPrimitives.WriteUInt16LittleEndian(zeroPage[VidMode..], NormalMode);
        zeroPage[TypeOfLoader] = UndefinedLoader;
        zeroPage[LoadFlags] |= LoadedHigh;
        BinaryPrimitives.WriteUInt32LittleEndian(zeroPage[Code32Start..], (uint)image.LoadAddress);
        BinaryPrimitives.WriteUInt32LittleEndian(zeroPage[RamdiskImage..], initrd.Length == 0 ? 0 : (uint)initrdAddress);
        BinaryPrimitives.WriteUInt32LittleEndian(zeroPage[RamdiskSize..], (uint)initrd.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(zeroPage[CmdLinePtr..], (uint)CommandLine);
        BinaryPrimitives.WriteUInt64LittleEndian(zeroPage[SetupData..], 0);
        AddMemory(zeroPage, 0, MpTable.Address, E820Ram);
        AddMemory(zeroPage, MpTable.Address, MpTable.Address + MpTable.Room, E820Reserved);
        AddMemory(zeroPage, HighMemory, ramEnd, E820Ram);
        foreach (GuestRamRange range in ram.Ranges.Skip(1))
        {
            AddMemory(zeroPage, range.GuestAddress, range.End, E820Ram);
        }

        return entry with { Rip = image.Entry, Rsi = BootParams };
    }

    private static byte[] Encode(string commandLine, int most)
    {
        if (commandLine.Contains('\0', StringComparison.Ordinal))
        {
            throw new BootImageException("The command line contains a NUL: the kernel would cut it there.");
        }

        byte[] bytes = Encoding.UTF8.GetBytes(commandLine);
        return bytes.Length <= most
            ? bytes
            : throw new BootImageException($"The command line is too long: it has {bytes.Length} bytes, and the kernel takes {most}.");
    }

    /// <summary>Finds the last whole page from which on an initrd fits, above the kernel.</summary>
    private static ulong PlaceInitrd(int length, BzImage image, ulong ramEnd)
    {
        ulong last = Math.Min(ramEnd, image.InitrdAddrMax + 1);
        ulong first = image.LoadAddress + image.InitSize;
        return length == 0
            ? image.LoadAddress
            : last >= first + (ulong)length && ((last - (ulong)length) & ~(ulong)(Page - 1)) >= first
                ? (last - (ulong)length) & ~(ulong)(Page - 1)
                : throw new BootImageException(
                    $"The initrd does not fit: it has {length} bytes, and there is room from 0x{first:x} to 0x{last:x}.");
    }

    /// <summary>Appends a range to the e820 map.</summary>
    private static void AddMemory(Span<byte> zeroPage, ulong start, ulong end, uint type)
    {
        Span<byte> entry = zeroPage.Slice(E820Table + (zeroPage[E820Entries]++ * E820EntrySize), E820EntrySize);
        BinaryPrimitives.WriteUInt64LittleEndian(entry, start);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], end - start);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], type);
    }
}
