namespace LuoInterop.MemoryImages.Interop;

/// <summary>Declares of <c>include/uapi/linux/elf.h</c> what a core of a machine has.</summary>
internal static class ElfHeader
{
    public const byte ELFCLASS64 = 2;
    public const byte ELFDATA2LSB = 1;
    public const ushort ET_CORE = 4;
    public const ushort PN_XNUM = 0xffff;
    public const uint PT_LOAD = 1;
    public const uint PT_NOTE = 4;
    public const uint NT_AUXV = 6;
}
