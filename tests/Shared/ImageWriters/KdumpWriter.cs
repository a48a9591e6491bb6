using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Snappier;
using ZstdSharp;

namespace LuoInterop.Tests.Shared.ImageWriters;

/// <summary>Names how pages are packed, by the flags of a page's descriptor.</summary>
internal enum Packing
{
    None = 0,
    Zlib = 1,
    Lzo = 2,
    Snappy = 4,
    Zstd = 0x20,
}

/// <summary>Writes kdump-compressed files as makedumpfile does: all zero pages are one.</summary>
internal sealed class KdumpWriter(RawPages memory)
{
    public Packing Packing { get; init; } = Packing.Zlib;

    public int Version { get; init; } = 6;

    public int Level { get; init; }

    public string Machine { get; init; } = "x86_64";

    public int Split { get; init; }

    public string? VmCoreInfo { get; init; }

    /// <summary>Gets frames that are memory and are left out.</summary>
    public ISet<ulong> Excluded { get; init; } = new HashSet<ulong>();

    /// <summary>Gets frames whose descriptors are empty, as in a dump that ran out of space.</summary>
    public ISet<ulong> Unwritten { get; init; } = new HashSet<ulong>();

    public byte[] Write()
    {
        const int Block = 4096;
        ulong frames = memory.PageCount;
        int half = (int)(((frames + 7) / 8) + Block - 1) & ~(Block - 1);
        byte[] head = new byte[2 * Block];
        "KDUMP   "u8.CopyTo(head);
        Int(head, 8, Version);
        Encoding.ASCII.GetBytes("7.3.4", head.AsSpan(12 + (2 * 65)));
        Encoding.ASCII.GetBytes(Machine, head.AsSpan(12 + (4 * 65)));
        Int(head, 424, (int)Packing | (Unwritten.Count > 0 ? 8 : 0));
        Int(head, 428, Block);
        Int(head, 432, 1);
        Int(head, 436, 2 * half / Block);
        Int(head, 440, (int)frames);
        Int(head, Block + 8, Level);
        Int(head, Block + 12, Split);
        byte[] info = Encoding.ASCII.GetBytes(VmCoreInfo ?? "");
        if (Version >= 6)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(Block + 96), frames);
        }

        byte[] bitmaps = new byte[2 * half];
        ulong[] dumped = [.. Range(frames).Where(pfn => !Excluded.Contains(pfn))];
        foreach (ulong pfn in Range(frames))
        {
            bitmaps[pfn / 8] |= (byte)(1 << (int)(pfn % 8));
        }

        foreach (ulong pfn in dumped)
        {
            bitmaps[(ulong)half + (pfn / 8)] |= (byte)(1 << (int)(pfn % 8));
        }

        using var data = new MemoryStream();
        byte[] descriptors = new byte[dumped.Length * 24];
        long start = head.Length + bitmaps.Length + descriptors.Length;
        data.Write(info);
        if (info.Length > 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(Block + 32), start);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(Block + 40), info.Length);
        }

        (long Offset, int Size, Packing Flags) zero = Append(data, start, new byte[Block]);
        for (int i = 0; i < dumped.Length; i++)
        {
            (long offset, int size, Packing flags) = Unwritten.Contains(dumped[i]) ? default
                : memory.Pages.TryGetValue(dumped[i], out byte[]? page) ? Append(data, start, page) : zero;
            BinaryPrimitives.WriteInt64LittleEndian(descriptors.AsSpan(i * 24), offset);
            Int(descriptors, (i * 24) + 8, size);
            Int(descriptors, (i * 24) + 12, (int)flags);
        }

        return [.. head, .. bitmaps, .. descriptors, .. data.ToArray()];
    }

    private (long Offset, int Size, Packing Flags) Append(MemoryStream data, long start, byte[] page)
    {
        long offset = start + data.Length;
        byte[]? packed = Pack(page);
        bool isSmaller = packed is not null && packed.Length < page.Length;
        data.Write(isSmaller ? packed! : page);
        return (offset, isSmaller ? packed!.Length : page.Length, isSmaller ? Packing : Packing.None);
    }

    private byte[]? Pack(byte[] page)
    {
        switch (Packing)
        {
            case Packing.Zlib:
                using (var packed = new MemoryStream())
                {
                    using (var stream = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                    {
                        stream.Write(page);
                    }

                    return packed.ToArray();
                }

            case Packing.Lzo:
                return Lzo(page);
            case Packing.Snappy:
                return Snappy.CompressToArray(page);
            case Packing.Zstd:
                using (var compressor = new Compressor())
                {
                    return compressor.Wrap(page).ToArray();
                }

            default:
                return null;
        }
    }

    // Literals up to where the page is all zero, one zero more, a match of distance 1 for the rest, and the end mark.
    private static byte[]? Lzo(byte[] page)
    {
        int head = Math.Max(page.AsSpan().LastIndexOfAnyExcept((byte)0) + 2, 4);
        int rest = page.Length - head;
        if (rest < 64)
        {
            return null;
        }

        var packed = new List<byte>();
        if (head <= 238)
        {
            packed.Add((byte)(head + 17));
        }
        else
        {
            packed.Add(0);
            Number(packed, head - 18);
        }

        packed.AddRange(page[..head]);
        packed.Add(0x20);
        Number(packed, rest - 33);
        packed.AddRange([0, 0, 0x11, 0, 0]);
        return [.. packed];
    }

    private static void Number(List<byte> packed, int number)
    {
        for (; number > 255; number -= 255)
        {
            packed.Add(0);
        }

        packed.Add((byte)number);
    }

    private static IEnumerable<ulong> Range(ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            yield return i;
        }
    }

    private static void Int(byte[] bytes, int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(offset), value);
}
