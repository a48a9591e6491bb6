namespace LuoInterop.Interop;

/// <summary>Declares <c>arch/x86/include/uapi/asm/bootparam.h</c>: where the fields of the setup header lie in the file of an x86
/// kernel.</summary>
/// <remarks>The offsets are those of <c>Documentation/arch/x86/boot.rst</c>. The size of the header, which is not declared there,
/// leaves room for all of it.</remarks>
internal static class BootParamHeader
{
    public const int HeaderSize = 1024;
    public const int setup_sects = 0x1f1;
    public const int syssize = 0x1f4;
    public const int boot_flag = 0x1fe;
    public const int header = 0x202;
    public const int version = 0x206;
    public const int kernel_version = 0x20e;
    public const int loadflags = 0x211;
    public const int xloadflags = 0x236;
    public const int cmdline_size = 0x238;
    public const int payload_offset = 0x248;
    public const int payload_length = 0x24c;

    public const ushort BootFlag = 0xaa55;
    public const ushort OldestVersion = 0x020c;
    public const int KernelVersionBase = 0x200;
    public const int SectorSize = 512;
    public const int DefaultSetupSectors = 4;
    public const int ParagraphSize = 16;
    public const byte LOADED_HIGH = 1;
    public const ushort XLF_KERNEL_64 = 1;
    public const ushort XLF_CAN_BE_LOADED_ABOVE_4G = 2;
}
