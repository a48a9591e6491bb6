using System.Buffers.Binary;

namespace MiniVmm.Boot;

/// <summary>Reads what the setup header of a bzImage says: struct setup_header of <c>asm/bootparam.h</c>.</summary>
/// <remarks>Offsets are those of the file, which are those of boot_params too. The bytes are untrusted: every number is checked.</remarks>
internal readonly record struct BzImage
{
    /// <summary>Where the setup header begins.</summary>
    public const int HeaderStart = 0x1f1;

    private const int BootFlag = 0x1fe;
    private const int JumpOffset = 0x201;
    private const int Magic = 0x202;
    private const int Version = 0x206;
    private const int LoadFlags = 0x211;
    private const int InitrdAddrMaxAt = 0x22c;
    private const int KernelAlignmentAt = 0x230;
    private const int XLoadFlags = 0x236;
    private const int CommandLineSizeAt = 0x238;
    private const int PrefAddressAt = 0x258;
    private const int InitSizeAt = 0x260;
    private const int SysSizeAt = 0x1f4;

    // After init_size, which is the last field that is used here; and where boot_params has other things.
    private const int LeastHeaderEnd = 0x264;
    private const int MostHeaderEnd = 0x290;

    // The version that has xloadflags.
    private const int LeastVersion = 0x020c;
    private const int XlfKernel64 = 1;
    private const int LoadedHigh = 1;
    private const int Sector = 512;
    private const int EntryOffset = 0x200;

    /// <summary>Gets where the setup header ends.</summary>
    public int HeaderEnd { get; private init; }

    /// <summary>Gets where the kernel proper begins, in the file.</summary>
    public int PayloadOffset { get; private init; }

    /// <summary>Gets how many bytes the kernel proper has.</summary>
    public int PayloadLength { get; private init; }

    /// <summary>Gets the guest address to load the kernel proper at.</summary>
    public ulong LoadAddress { get; private init; }

    /// <summary>Gets how many bytes of RAM the kernel needs from <see cref="LoadAddress"/> on.</summary>
    public ulong InitSize { get; private init; }

    /// <summary>Gets the guest address of the 64-bit entry.</summary>
    public ulong Entry => LoadAddress + EntryOffset;

    /// <summary>Gets the last address that the initrd may have.</summary>
    public ulong InitrdAddrMax { get; private init; }

    /// <summary>Gets the most bytes of a command line, without its end.</summary>
    public int CommandLineSize { get; private init; }

    /// <summary>Reads a kernel.</summary>
    /// <exception cref="BootImageException">It is no bzImage, has no 64-bit entry, or contradicts itself.</exception>
    public static BzImage Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length < MostHeaderEnd || U16(file, BootFlag) != 0xaa55 || !file.Slice(Magic, 4).SequenceEqual("HdrS"u8))
        {
            throw new BootImageException("The kernel is not a bzImage: it has no setup header (HdrS at offset 0x202).");
        }

        int version = U16(file, Version);
        if (version < LeastVersion || (U16(file, XLoadFlags) & XlfKernel64) == 0 || (file[LoadFlags] & LoadedHigh) == 0)
        {
            throw new BootImageException(
                $"The kernel has no 64-bit entry: it is of boot protocol {version >> 8}.{version & 0xff:00}"
                + $" with loadflags 0x{file[LoadFlags]:x} and xloadflags 0x{U16(file, XLoadFlags):x}.");
        }

        int headerEnd = Magic + file[JumpOffset];
        if (headerEnd is < LeastHeaderEnd or > MostHeaderEnd)
        {
            throw new BootImageException($"The kernel's setup header ends at 0x{headerEnd:x}, which no protocol has.");
        }

        // 0 stands for 4; the boot sector is one more.
        int sectors = file[HeaderStart] == 0 ? 4 : file[HeaderStart];
        int payload = (sectors + 1) * Sector;
        long length = U32(file, SysSizeAt) * 16L;
        if (length <= EntryOffset || payload + length > RoundUp(file.Length, 16))
        {
            throw new BootImageException($"The kernel is cut: it has {file.Length} bytes, and says {payload + length}.");
        }

        ulong alignment = U32(file, KernelAlignmentAt);
        ulong preferred = BinaryPrimitives.ReadUInt64LittleEndian(file[PrefAddressAt..]);
        ulong initSize = U32(file, InitSizeAt);
        if (alignment == 0 || (alignment & (alignment - 1)) != 0 || preferred % alignment != 0 || preferred < LinuxBoot.HighMemory)
        {
            throw new BootImageException($"The kernel cannot be loaded at 0x{preferred:x}, aligned to 0x{alignment:x}.");
        }

        int present = (int)Math.Min(length, file.Length - payload);
        return (ulong)present > initSize
            ? throw new BootImageException($"The kernel has {present} bytes, more than the {initSize} that it says it needs.")
            : new BzImage
            {
                HeaderEnd = headerEnd,
                PayloadOffset = payload,
                PayloadLength = present,
                LoadAddress = preferred,
                InitSize = initSize,
                InitrdAddrMax = U32(file, InitrdAddrMaxAt),
                CommandLineSize = (int)Math.Min(U32(file, CommandLineSizeAt), int.MaxValue),
            };
    }

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;

    private static ushort U16(ReadOnlySpan<byte> file, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(file[offset..]);

    private static uint U32(ReadOnlySpan<byte> file, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(file[offset..]);
}
