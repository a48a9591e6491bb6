using System.Buffers.Binary;
using System.Globalization;
using LuoInterop.MemoryImages.Bytes;
using static LuoInterop.MemoryImages.Interop.ElfHeader;

namespace LuoInterop.MemoryImages.Formats;

/// <summary>Reads an ELF64 core by the physical addresses of its segments (<c>include/uapi/linux/elf.h</c>).</summary>
internal sealed class ElfImage : ImageReader
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int SectionHeaderSize = 64;
    private const int SectionInfo = 44;

    private readonly List<Piece> _pieces;

    private ElfImage(ByteSource source, List<Segment> segments, VmCoreInfo? info)
        : base(source)
    {
        _pieces = Arrange(segments);
        Ranges = Join(segments);
        VmCoreInfo = info;
        IsComplete = segments.TrueForAll(segment => segment.FileSize <= (ulong)source.Length
            && segment.Offset <= (ulong)source.Length - segment.FileSize);
        Details = string.Create(CultureInfo.InvariantCulture, $"{segments.Count} segments");
    }

    public static ReadOnlySpan<byte> Magic => [0x7f, (byte)'E', (byte)'L', (byte)'F'];

    public override MemoryImageFormat Format => MemoryImageFormat.ElfCore;

    public override string Details { get; }

    public override IReadOnlyList<MemoryRange> Ranges { get; }

    public override VmCoreInfo? VmCoreInfo { get; }

    public override bool IsComplete { get; }

    /// <summary>Reads the headers and notes; the source is owned from then on.</summary>
    /// <exception cref="MemoryImageException">It is no core of a machine, or its headers are cut off.</exception>
    public static ElfImage Open(ByteSource source)
    {
        byte[] header = source.Require(0, HeaderSize, "ELF header");
        if (header[4] != ELFCLASS64)
        {
            throw Unsupported("The file is a 32-bit ELF file. Dumps of 64-bit machines are read here: have it written as ELF64.");
        }

        if (header[5] != ELFDATA2LSB)
        {
            throw Unsupported("The file is an ELF file of a big-endian machine; no such one has Kexec HandOver.");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(16)) != ET_CORE)
        {
            throw Unsupported("The file is an ELF program or library, not a core of a machine's memory.");
        }

        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32));
        ulong count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56));
        if (BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54)) != ProgramHeaderSize && count != 0)
        {
            throw new MemoryImageException(MemoryImageError.Malformed, "The ELF file's program headers are not of 56 bytes.");
        }

        if (count == PN_XNUM)
        {
            ulong sections = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(40));
            count = BinaryPrimitives.ReadUInt32LittleEndian(
                source.Require(Offset(sections), SectionHeaderSize, "first section header").AsSpan(SectionInfo));
        }

        if (count > (ulong)(source.Stored / ProgramHeaderSize) || count * ProgramHeaderSize > int.MaxValue)
        {
            throw new MemoryImageException(
                MemoryImageError.Truncated, $"The ELF file says {count} program headers, which do not fit into its {source.Stored} bytes.");
        }

        byte[] headers = source.Require(Offset(table), (int)count * ProgramHeaderSize, "program headers");
        var segments = new List<Segment>();
        VmCoreInfo? info = null;
        for (int at = 0; at < headers.Length; at += ProgramHeaderSize)
        {
            ReadOnlySpan<byte> one = headers.AsSpan(at, ProgramHeaderSize);
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(one[8..]);
            ulong fileSize = BinaryPrimitives.ReadUInt64LittleEndian(one[32..]);
            switch (BinaryPrimitives.ReadUInt32LittleEndian(one))
            {
                case PT_LOAD:
                    Add(segments, one, offset, fileSize);
                    break;
                case PT_NOTE when info is null:
                    info = ReadNotes(source, offset, fileSize);
                    break;
            }
        }

        return segments.Count > 0
            ? new ElfImage(source, segments, info)
            : throw Unsupported("The ELF core has no segment of physical memory: a core of Xen, or headers alone.");
    }

    public override PageState StateOf(ulong page, out ulong end)
    {
        int at = Find(page);
        ulong next = at < _pieces.Count ? RoundDown(_pieces[at].Address) : ulong.MaxValue;
        if (next <= page)
        {
            return StateOf(_pieces[at], Math.Max(page, _pieces[at].Address), out end);
        }

        int range = FindRange(page);
        if (range == Ranges.Count)
        {
            end = ulong.MaxValue;
            return PageState.Absent;
        }

        bool isMemory = RoundDown(Ranges[range].Address) <= page;
        end = Math.Min(next, isMemory ? RoundUp(Ranges[range].End) : RoundDown(Ranges[range].Address));
        return isMemory ? PageState.Excluded : PageState.Absent;
    }

    public override bool TryRead(ulong address, Span<byte> destination)
    {
        for (int i = Find(address); destination.Length > 0; i++)
        {
            if (i == _pieces.Count || _pieces[i].Address > address)
            {
                return false;
            }

            Piece piece = _pieces[i];
            int length = (int)Math.Min((ulong)destination.Length, piece.End - address);
            ulong offset = piece.Offset + (address - piece.Address);
            if (offset > (ulong)Source.Length || !Source.TryRead((long)offset, destination[..length]))
            {
                return false;
            }

            destination = destination[length..];
            address += (ulong)length;
        }

        return true;
    }

    public override bool TryFindData(ulong address, out ulong start, out ulong end)
    {
        for (int i = Find(address); i < _pieces.Count; i++)
        {
            Piece piece = _pieces[i];
            ulong from = Math.Max(address, piece.Address);
            ulong offset = piece.Offset + (from - piece.Address);
            if (offset < (ulong)Source.Length && Source.TryFindData((long)offset, out long first, out long behind)
                && (ulong)first - piece.Offset < piece.End - piece.Address)
            {
                start = piece.Address + ((ulong)first - piece.Offset);
                end = Math.Min(piece.End, piece.Address + ((ulong)behind - piece.Offset));
                return true;
            }
        }

        (start, end) = (0, 0);
        return false;
    }

    // The first piece that ends behind an address, or the number of pieces.
    private int Find(ulong address)
    {
        int low = 0;
        for (int high = _pieces.Count; low < high;)
        {
            int middle = (low + high) / 2;
            (low, high) = _pieces[middle].End > address ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private int FindRange(ulong address)
    {
        int low = 0;
        for (int high = Ranges.Count; low < high;)
        {
            int middle = (low + high) / 2;
            (low, high) = Ranges[middle].End > address ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private PageState StateOf(Piece piece, ulong address, out ulong end)
    {
        ulong offset = piece.Offset + (address - piece.Address);
        end = RoundUp(piece.End);
        if (offset >= (ulong)Source.Length)
        {
            return PageState.Missing;
        }

        bool isData = Source.TryFindData((long)offset, out long start, out long behind) && (ulong)start < offset + 4096;
        ulong same = (ulong)(isData ? behind : start) - offset;
        end = Math.Min(end, isData ? RoundUp(address + same) : Math.Max(RoundDown(address + same), RoundDown(address) + 4096));
        return isData ? PageState.Present : PageState.Zero;
    }

    // Segments whose address wraps are those of /proc/kcore that are not memory.
    private static void Add(List<Segment> segments, ReadOnlySpan<byte> header, ulong offset, ulong fileSize)
    {
        ulong address = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong size = Math.Max(BinaryPrimitives.ReadUInt64LittleEndian(header[40..]), fileSize);
        if (size > 0 && size <= ulong.MaxValue - address && offset <= ulong.MaxValue - fileSize)
        {
            segments.Add(new Segment(address, size, offset, fileSize));
        }
    }

    private static VmCoreInfo? ReadNotes(ByteSource source, ulong offset, ulong size)
    {
        const int Most = 1 << 20;
        const int NoteHeaderSize = 12;
        int length = (int)Math.Min(size, Most);
        if (offset > (ulong)source.Length)
        {
            return null;
        }

        byte[] notes = new byte[Math.Min(length, source.Length - (long)offset)];
        if (!source.TryRead((long)offset, notes))
        {
            return null;
        }

        VmCoreInfo? info = null;
        ReadOnlySpan<byte> rest = notes;
        while (rest.Length >= NoteHeaderSize)
        {
            uint nameSize = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            uint dataSize = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]);
            rest = rest[NoteHeaderSize..];
            ulong nameLength = ((ulong)nameSize + 3) & ~3UL;
            ulong dataLength = ((ulong)dataSize + 3) & ~3UL;
            if (nameLength + dataSize > (ulong)rest.Length)
            {
                break;
            }

            ReadOnlySpan<byte> name = rest[..(int)nameSize].TrimEnd((byte)0);
            ReadOnlySpan<byte> data = rest.Slice((int)nameLength, (int)dataSize);
            if (name.SequenceEqual("CORE"u8) && type == NT_AUXV)
            {
                throw Unsupported("The file is the core of a process, not of a machine's memory.");
            }

            if (info is null && name.SequenceEqual("VMCOREINFO"u8))
            {
                info = VmCoreInfo.Parse(data);
            }

            rest = rest[(int)Math.Min(nameLength + dataLength, (ulong)rest.Length)..];
        }

        return info;
    }

    // Where segments overlap, as the kernel's own text does in /proc/vmcore, the one that begins first counts.
    private static List<Piece> Arrange(List<Segment> segments)
    {
        var pieces = new List<Piece>(segments.Count);
        ulong at = 0;
        foreach (Segment segment in segments.Where(static segment => segment.FileSize > 0).OrderBy(static segment => segment.Address))
        {
            ulong start = Math.Max(at, segment.Address);
            ulong end = segment.Address + segment.FileSize;
            if (start < end)
            {
                pieces.Add(new Piece(start, end, segment.Offset + (start - segment.Address)));
                at = end;
            }
        }

        return pieces;
    }

    private static List<MemoryRange> Join(List<Segment> segments)
    {
        var ranges = new List<MemoryRange>(segments.Count);
        foreach (Segment segment in segments.OrderBy(static segment => segment.Address))
        {
            if (ranges.Count > 0 && ranges[^1].End >= segment.Address)
            {
                ulong end = Math.Max(ranges[^1].End, segment.Address + segment.Size);
                ranges[^1] = new MemoryRange(ranges[^1].Address, end - ranges[^1].Address);
            }
            else
            {
                ranges.Add(new MemoryRange(segment.Address, segment.Size));
            }
        }

        return ranges;
    }

    private static long Offset(ulong offset) => (long)Math.Min(offset, long.MaxValue);

    private static MemoryImageException Unsupported(string message) => new(MemoryImageError.UnsupportedFormat, message);

    private readonly record struct Segment(ulong Address, ulong Size, ulong Offset, ulong FileSize);

    private readonly record struct Piece(ulong Address, ulong End, ulong Offset);
}
