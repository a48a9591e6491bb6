using System.Buffers.Binary;

namespace MiniVmm.Tests.Boot;

/// <summary>Makes files that look like a bzImage: a setup of four sectors, and a kernel of bytes that name their place.</summary>
internal static class KernelFile
{
    public const int SetupSectors = 3;
    public const int Payload = (SetupSectors + 1) * 512;
    public const int PayloadLength = 0x3000;
    public const uint InitSize = 0x20_0000;
    public const ulong PrefAddress = 0x100_0000;
    public const int HeaderEnd = 0x202 + 0x6a;

    public static byte[] Make()
    {
        byte[] file = new byte[Payload + PayloadLength];
        file[0x1ef] = 0xff;
        file[0x1f1] = SetupSectors;
        Set16(file, 0x1fe, 0xaa55);
        Set32(file, 0x1f4, PayloadLength / 16);
        file[0x200] = 0xeb;
        file[0x201] = HeaderEnd - 0x202;
        "HdrS"u8.CopyTo(file.AsSpan(0x202));
        Set16(file, 0x206, 0x020f);
        file[0x211] = 1;
        Set32(file, 0x22c, 0x7fff_ffff);
        Set32(file, 0x230, 0x20_0000);
        file[0x234] = 1;
        Set16(file, 0x236, 0x3f);
        Set32(file, 0x238, 2047);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(0x250), 0xdead);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(0x258), PrefAddress);
        Set32(file, 0x260, InitSize);
        Set32(file, 0x268, 0x1234_5678);
        file[HeaderEnd] = 0x77;
        for (int i = 0; i < PayloadLength; i++)
        {
            file[Payload + i] = (byte)((i * 7) ^ (i >> 8));
        }

        return file;
    }

    public static void Set16(byte[] file, int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(offset), value);

    public static void Set32(byte[] file, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(offset), value);
}
