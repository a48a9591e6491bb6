using System.Buffers.Binary;
using LuoInterop.Tests.Shared.ImageWriters;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Makes images of memory that have as many parts as their length allows.</summary>
internal static class HostileDumps
{
    private const int ElfHeader = 64;
    private const int ProgramHeader = 56;
    private const int FlattenedHeader = 4096;

    public static readonly (string Target, string What, Func<int, byte[]> Make)[] All =
    [
        ("image-elf", "segments of a byte", Segments),
        ("image-elf", "pages", static n => ElfWriter.Write(Pages(n))),
        ("image-flattened", "pieces of a byte", Pieces),
        ("image-kdump", "pages", static n => new KdumpWriter(Pages(n)) { Packing = Packing.None }.Write()),
        ("handover-search", "pages that begin as a tree does", Trees),
    ];

    private static byte[] Segments(int length)
    {
        ushort count = (ushort)((length - ElfHeader) / (ProgramHeader + 1));
        ulong data = (ulong)(ElfHeader + (count * ProgramHeader));
        return
        [
            .. ElfWriter.Header(count),
            .. Enumerable.Range(0, count).SelectMany(i => ElfWriter.Program(1, data + (ulong)i, (ulong)i * RawPages.PageSize, 1, 1)),
            .. new byte[count],
        ];
    }

    // An offset, a length, one byte.
    private static byte[] Pieces(int length)
    {
        byte[] core = ElfWriter.Write(Pages(RawPages.PageSize));
        byte[] whole = FlattenedWriter.Write(core, new Random(1), end: false);
        var file = new List<byte>(whole);
        Span<byte> head = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(head[8..], 1);
        for (long i = 0; file.Count < length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(head, core.Length + (2 * i));
            file.AddRange(head);
            file.Add(1);
        }

        head.Fill(0xff);
        file.AddRange(head);
        return [.. file];
    }

    private static byte[] Trees(int length)
    {
        byte[] memory = new byte[length];
        for (int at = 0; at + RawPages.PageSize <= length; at += RawPages.PageSize)
        {
            // FDT_MAGIC of <libfdt.h>.
            BinaryPrimitives.WriteUInt32BigEndian(memory.AsSpan(at), 0xd00d_feed);
        }

        return memory;
    }

    private static RawPages Pages(int length)
    {
        ulong count = Math.Max(1, (ulong)(length - FlattenedHeader) / RawPages.PageSize);
        var pages = new RawPages(count);
        for (ulong frame = 0; frame < count; frame++)
        {
            byte[] page = new byte[RawPages.PageSize];
            page.AsSpan().Fill((byte)((frame % 255) + 1));
            pages.Pages[frame] = page;
        }

        return pages;
    }
}
