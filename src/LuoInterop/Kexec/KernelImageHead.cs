using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Reads the head of a kernel image: what it is, whether the file is whole, and which release it has.</summary>
/// <remarks>The bytes are not trusted: a constant number of them is read.</remarks>
internal sealed class KernelImageHead
{
    private const int LongestVersion = 256;
    private const int Arm64Magic = 0x38;
    private const int MostSections = 96;
    private const int SectionSize = 40;

    private readonly Kernel _kernel;
    private readonly SafeHandle _file;
    private readonly byte[] _head;

    private KernelImageHead(Kernel kernel, SafeHandle file, long length, byte[] head)
    {
        _kernel = kernel;
        _file = file;
        _head = head;
        Length = length;
    }

    /// <summary>Gets the file's length in bytes.</summary>
    public long Length { get; }

    /// <summary>Gets whether it is an x86 kernel with a setup header that kexec_file_load(2) knows, protocol 2.12 or later.</summary>
    public bool IsBzImage =>
        _head.Length == BootParamHeader.HeaderSize
        && _head.AsSpan(BootParamHeader.header).StartsWith("HdrS"u8)
        && UInt16(BootParamHeader.boot_flag) == BootParamHeader.BootFlag
        && UInt16(BootParamHeader.version) >= BootParamHeader.OldestVersion;

    /// <summary>Gets whether kexec_file_load(2) takes the header (bzImage64_probe and the length check of bzImage64_load in
    /// arch/x86/kernel/kexec-bzimage64.c).</summary>
    public bool IsLoadable =>
        IsBzImage
        && (_head[BootParamHeader.loadflags] & BootParamHeader.LOADED_HIGH) != 0
        && (_head[BootParamHeader.xloadflags] & Loadable) == Loadable
        && Length >= SetupLength;

    /// <summary>Gets the most bytes of a command line.</summary>
    public uint CommandLineSize => UInt32(BootParamHeader.cmdline_size);

    /// <summary>Gets where the compressed kernel lies in the file; its length is 0 where there is none.</summary>
    public (long Offset, long Length) Payload =>
        (SetupLength + UInt32(BootParamHeader.payload_offset), UInt32(BootParamHeader.payload_length));

    /// <summary>Gets the length in bytes that the header promises. What follows, as a signature, is not counted.</summary>
    public long PromisedLength => Math.Max(
        SetupLength + ((long)UInt32(BootParamHeader.syssize) * BootParamHeader.ParagraphSize), Payload.Offset + Payload.Length);

    /// <summary>Gets whether the end of the file is missing: the kernel loads it all the same, and what it starts is no kernel.</summary>
    public bool IsCut => IsBzImage && Length < PromisedLength;

    private static byte Loadable => (byte)(BootParamHeader.XLF_KERNEL_64 | BootParamHeader.XLF_CAN_BE_LOADED_ABOVE_4G);

    private long SetupLength
    {
        get
        {
            int sectors = _head[BootParamHeader.setup_sects];
            return ((sectors == 0 ? BootParamHeader.DefaultSetupSectors : sectors) + 1L) * BootParamHeader.SectorSize;
        }
    }

    /// <summary>Reads the head: 0 or <c>-errno</c>.</summary>
    /// <param name="kernel">The kernel that holds the file.</param>
    /// <param name="file">The file, which has to stay open while the image is used.</param>
    /// <param name="image">The image; null on an error.</param>
    public static int TryRead(Kernel kernel, SafeHandle file, out KernelImageHead? image)
    {
        image = null;
        int error = Uninterrupted.FStat(kernel, file, out FileStatus status);
        if (error < 0)
        {
            return error;
        }

        byte[] head = new byte[BootParamHeader.HeaderSize];
        nint length = KernelFile.ReadAt(kernel, file, head, 0);
        if (length < 0)
        {
            return (int)length;
        }

        image = new KernelImageHead(kernel, file, status.Size, head[..(int)length]);
        return 0;
    }

    /// <summary>Reads the release, the first word of the version: "7.3.4 (builder@host) #1 SMP ..."; empty when there is none.</summary>
    public string ReadRelease()
    {
        if (!IsBzImage)
        {
            return "";
        }

        Span<byte> version = stackalloc byte[LongestVersion];
        nint length =
            KernelFile.ReadAt(_kernel, _file, version, UInt16(BootParamHeader.kernel_version) + BootParamHeader.KernelVersionBase);
        version = version[..(int)Math.Max(length, 0)];
        int end = version.IndexOfAny((byte)0, (byte)' ');
        return end > 0 ? Encoding.Latin1.GetString(version[..end]) : "";
    }

    /// <summary>Says what the file is and what to load instead, where it is none that kexec_file_load(2) takes; null where it
    /// looks right.</summary>
    public string? ExplainRefusal()
    {
        bool onArm64 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        ReadOnlySpan<byte> head = _head;
        if (Length == 0)
        {
            return "The file is empty.";
        }

        if (IsBzImage)
        {
            return onArm64 ? "It is an x86 kernel; this machine is arm64." : null;
        }

        if (head.StartsWith("MZ"u8))
        {
            return HasLinuxSection()
                ? "It is a unified kernel image (UKI); kexec takes what is inside. Take its sections out (objcopy -O binary "
                    + "--only-section=.linux UKI vmlinuz, the same for .initrd), and load these with the command line of its section "
                    + ".cmdline."
                : head.Length > 4 && head[4..].StartsWith("zimg"u8)
                ? "It is a compressed kernel for EFI (zboot); kexec takes the kernel inside. Load the Image that it was made from."
                : IsArm64Image ? OtherMachine() : "It is an EFI program without a kernel that kexec knows.";
        }

        return IsArm64Image ? OtherMachine()
            : head.StartsWith("\x7f"u8) && head[1..].StartsWith("ELF"u8) ? "It is an ELF file, as vmlinux is; load the bzImage "
                + "(x86-64) or Image (arm64) of that build."
            : IsCompressed ? "It is compressed as a whole; unpack it and load what comes out."
            : "It has no header of a kernel.";

        string? OtherMachine() => onArm64 ? null : "It is a kernel for arm64; this machine is x86-64.";
    }

    /// <summary>Tells whether another file of the same kernel is empty.</summary>
    public bool IsEmpty(SafeHandle other) => Uninterrupted.FStat(_kernel, other, out FileStatus status) == 0 && status.Size == 0;

    private bool IsArm64Image => _head.Length >= Arm64Magic + 4 && _head.AsSpan(Arm64Magic).StartsWith("ARM\x64"u8);

    private bool IsCompressed =>
        _head is [0x1f, 0x8b, ..] or [0x28, 0xb5, 0x2f, 0xfd, ..] or [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', ..]
        or [0x02, 0x21, 0x4c, 0x18, ..];

    // The section table of a PE file: "PE\0\0", the COFF header of 20 bytes, the optional header, then 40 bytes a section.
    private bool HasLinuxSection()
    {
        const int CoffSize = 24;
        if (_head.Length < 0x40)
        {
            return false;
        }

        uint start = UInt32(0x3c);
        Span<byte> coff = stackalloc byte[CoffSize];
        if (KernelFile.ReadAt(_kernel, _file, coff, start) < CoffSize || !coff.StartsWith("PE\0\0"u8))
        {
            return false;
        }

        int count = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(coff[6..]), (ushort)MostSections);
        byte[] table = new byte[count * SectionSize];
        nint length = KernelFile.ReadAt(_kernel, _file, table, start + CoffSize + BinaryPrimitives.ReadUInt16LittleEndian(coff[20..]));
        for (int at = 0; at + SectionSize <= length; at += SectionSize)
        {
            if (table.AsSpan(at, 8).SequenceEqual(".linux\0\0"u8))
            {
                return true;
            }
        }

        return false;
    }

    private ushort UInt16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_head.AsSpan(offset));

    private uint UInt32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(offset));
}
