using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.KernelImages.Containers;

/// <summary>Is a section of a PE file.</summary>
internal sealed record PeSection(string Name, long Offset, long Length);

/// <summary>Reads the headers of a PE file: its sections, and whether it has a signature.</summary>
/// <remarks>Source: the PE format (learn.microsoft.com/windows/win32/debug/pe-format).</remarks>
internal sealed record PeFile(ushort Machine, IReadOnlyList<PeSection> Sections, bool IsSigned)
{
    public const ushort Amd64 = 0x8664;
    public const ushort Arm64 = 0xaa64;

    private const int HeaderPlace = 0x3c;
    private const int CoffSize = 24;
    private const int SectionSize = 40;
    private const int MostOptional = 512;
    private const ushort Pe32 = 0x10b;
    private const ushort Pe32Plus = 0x20b;
    private const int CertificateTable = 4;

    /// <summary>Reads the headers; null where there are none.</summary>
    public static PeFile? Read(StreamPart file)
    {
        Span<byte> head = stackalloc byte[0x40];
        if (file.ReadAt(0, head) < head.Length || !head.StartsWith("MZ"u8))
        {
            return null;
        }

        long start = BinaryPrimitives.ReadUInt32LittleEndian(head[HeaderPlace..]);
        Span<byte> coff = stackalloc byte[CoffSize];
        if (file.ReadAt(start, coff) < CoffSize || !coff.StartsWith("PE\0\0"u8))
        {
            return null;
        }

        int optionalSize = BinaryPrimitives.ReadUInt16LittleEndian(coff[20..]);
        Span<byte> optional = stackalloc byte[MostOptional];
        optional = optional[..file.ReadAt(start + CoffSize, optional[..Math.Min(optionalSize, MostOptional)])];
        byte[] table = new byte[BinaryPrimitives.ReadUInt16LittleEndian(coff[6..]) * SectionSize];
        int length = file.ReadAt(start + CoffSize + optionalSize, table);
        var sections = new List<PeSection>();
        for (int at = 0; at + SectionSize <= length; at += SectionSize)
        {
            ReadOnlySpan<byte> section = table.AsSpan(at, SectionSize);
            ReadOnlySpan<byte> name = section[..8];
            int end = name.IndexOf((byte)0);

            // What lies in the file is padded; what is longer in memory is zeroes.
            uint inMemory = BinaryPrimitives.ReadUInt32LittleEndian(section[8..]);
            uint inFile = BinaryPrimitives.ReadUInt32LittleEndian(section[16..]);
            sections.Add(new(
                Encoding.Latin1.GetString(end < 0 ? name : name[..end]),
                BinaryPrimitives.ReadUInt32LittleEndian(section[20..]),
                inMemory == 0 ? inFile : Math.Min(inMemory, inFile)));
        }

        return new PeFile(BinaryPrimitives.ReadUInt16LittleEndian(coff[4..]), sections, HasCertificates(optional));
    }

    private static bool HasCertificates(ReadOnlySpan<byte> optional)
    {
        int count = optional.Length < 2 ? -1 : BinaryPrimitives.ReadUInt16LittleEndian(optional) switch
        {
            Pe32 => 92,
            Pe32Plus => 108,
            _ => -1,
        };
        int size = count + 4 + (CertificateTable * 8) + 4;
        return count >= 0
            && optional.Length >= size + 4
            && BinaryPrimitives.ReadUInt32LittleEndian(optional[count..]) > CertificateTable
            && BinaryPrimitives.ReadUInt32LittleEndian(optional[size..]) != 0;
    }
}
