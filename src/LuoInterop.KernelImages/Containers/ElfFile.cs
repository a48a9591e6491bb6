using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.KernelImages.Containers;

/// <summary>Reads the sections of an ELF file of 64 bits.</summary>
/// <remarks>Source: <c>include/uapi/linux/elf.h</c>. Not trusted: a header that points past the end has no sections.</remarks>
internal static class ElfFile
{
    public const ushort X86 = 62;
    public const ushort X86Of32Bits = 3;
    public const ushort Arm64 = 183;

    private const int HeaderSize = 64;
    private const int SectionSize = 64;

    public static bool Is(ReadOnlySpan<byte> head) =>
        head.Length >= HeaderSize && head.StartsWith("\x7f"u8) && head[1..].StartsWith("ELF"u8);

    public static ushort Machine(ReadOnlySpan<byte> head) => BinaryPrimitives.ReadUInt16LittleEndian(head[18..]);

    /// <summary>Gets the bytes of the first section of a name; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> file, string name)
    {
        if (!Is(file) || file[4] != 2 || file[5] != 1)
        {
            return default;
        }

        ReadOnlySpan<byte> table = Range(file, BinaryPrimitives.ReadUInt64LittleEndian(file[40..]), ulong.MaxValue);
        int count = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(file[60..]), table.Length / SectionSize);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(file[62..]);
        if (names >= count)
        {
            return default;
        }

        ReadOnlySpan<byte> strings = Content(file, table[(names * SectionSize)..]);
        byte[] wanted = Encoding.ASCII.GetBytes(name + "\0");
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = table.Slice(i * SectionSize, SectionSize);
            uint at = BinaryPrimitives.ReadUInt32LittleEndian(section);
            if (at < strings.Length && strings[(int)at..].StartsWith(wanted))
            {
                return Content(file, section);
            }
        }

        return default;
    }

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> file, ReadOnlySpan<byte> section) => Range(
        file, BinaryPrimitives.ReadUInt64LittleEndian(section[24..]), BinaryPrimitives.ReadUInt64LittleEndian(section[32..]));

    private static ReadOnlySpan<byte> Range(ReadOnlySpan<byte> file, ulong offset, ulong length) =>
        offset <= (ulong)file.Length ? file[(int)offset..][..(int)Math.Min(length, (ulong)file.Length - offset)] : default;
}
