using System.Buffers.Binary;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Makes a kernel image for x86-64 that stores what the boot protocol handed to it, and switches the machine off.</summary>
/// <remarks>
/// <para>Nothing of the old kernel's memory changes but the 16 bytes at <see cref="RecordAddress"/>, in the first MiB, which
/// no kernel preserves.</para>
/// <para>The header is what bzImage64_probe and bzImage64_load of <c>arch/x86/kernel/kexec-bzimage64.c</c> ask for; offsets are
/// those of <c>Documentation/arch/x86/boot.rst</c>. The machine is a PC of QEMU: its firmware puts the ACPI registers at
/// 0x600, so that PM1a_CNT is port 0x604, and SLP_EN there with SLP_TYP 0 is S5.</para>
/// </remarks>
internal static class StopKernel
{
    /// <summary>Where the magic number and RSI are stored.</summary>
    public const ulong RecordAddress = 0x7000;

    /// <summary>"LUOSTOP!", which says that the code ran.</summary>
    public const ulong Magic = 0x21504f54534f554c;

    private const int SetupSectors = 1;
    private const int ProtectedMode = (SetupSectors + 1) * 512;
    private const int Entry64 = 0x200;

    private static readonly byte[] Code =
    [
        0xbf, 0x00, 0x70, 0x00, 0x00,                               // mov edi, 0x7000
        0x48, 0xb8, 0x4c, 0x55, 0x4f, 0x53, 0x54, 0x4f, 0x50, 0x21, // mov rax, "LUOSTOP!"
        0x48, 0x89, 0x77, 0x08,                                     // mov [rdi + 8], rsi
        0x48, 0x89, 0x07,                                           // mov [rdi], rax
        0x66, 0xba, 0x04, 0x06,                                     // mov dx, 0x604
        0x66, 0xb8, 0x00, 0x20,                                     // mov ax, 0x2000
        0x66, 0xef,                                                 // out dx, ax
        0xf4,                                                       // hlt
        0xeb, 0xfd,                                                 // jmp to the hlt
    ];

    public static byte[] Create()
    {
        const ushort BothPagings = 1 << 5 | 1 << 6;
        const ushort Is64BitAnywhere = 1 | 2;
        const byte LoadedHigh = 1;
        byte[] image = new byte[ProtectedMode + 4096];
        image[0x1f1] = SetupSectors;
        Word(image, 0x1fe, 0xaa55);
        image[0x200] = 0xeb;
        image[0x201] = 0x6a; // the setup header ends at 0x202 + 0x6a
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        Word(image, 0x206, 0x020f);
        image[0x211] = LoadedHigh;
        Long(image, 0x230, 2 << 20); // kernel_alignment
        image[0x234] = 1; // relocatable_kernel
        image[0x235] = 21; // min_alignment
        Word(image, 0x236, Is64BitAnywhere | BothPagings);
        Long(image, 0x238, 2047); // cmdline_size
        Long(image, 0x258, 16 << 20); // pref_address
        Long(image, 0x260, 4096); // init_size
        Code.CopyTo(image.AsSpan(ProtectedMode + Entry64));
        return image;
    }

    private static void Word(byte[] image, int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);

    private static void Long(byte[] image, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);
}
