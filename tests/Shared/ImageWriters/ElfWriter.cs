using System.Buffers.Binary;
using System.Text;

namespace LuoInterop.Tests.Shared.ImageWriters;

/// <summary>Writes ELF64 cores of physical memory.</summary>
internal static class ElfWriter
{
    /// <summary>As makedumpfile: so many zero pages are written though they could be left out.</summary>
    public const ulong FewPages = 4096;

    private static readonly byte[] s_zero = new byte[RawPages.PageSize];

    /// <summary>Writes a core with a segment for each run of pages; frames between them that are memory have no bytes.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="vmCoreInfo">The text of the note; null for none.</param>
    /// <param name="overlap">Whether the first run is there a second time, behind all others, as the kernel's text in /proc/vmcore.</param>
    public static byte[] Write(RawPages memory, string? vmCoreInfo = null, bool overlap = false)
    {
        var runs = new List<(ulong First, ulong Count)>();
        foreach (ulong pfn in memory.Pages.Keys)
        {
            if (runs.Count > 0 && pfn - (runs[^1].First + runs[^1].Count) < FewPages)
            {
                runs[^1] = (runs[^1].First, pfn + 1 - runs[^1].First);
            }
            else
            {
                runs.Add((pfn, 1));
            }
        }

        runs[^1] = (runs[^1].First, Math.Min(runs[^1].Count + FewPages, memory.PageCount - runs[^1].First));
        int ordered = runs.Count;
        if (overlap)
        {
            runs.Add(runs[0]);
        }

        byte[] note = vmCoreInfo is null ? [] : Note("VMCOREINFO", 0, Encoding.ASCII.GetBytes(vmCoreInfo));
        int headers = runs.Count + (note.Length > 0 ? 1 : 0);
        int first = (64 + (headers * 56) + note.Length + 4095) & ~4095;
        using var file = new MemoryStream();
        file.Write(Header((ushort)headers));
        if (note.Length > 0)
        {
            file.Write(Program(4, (ulong)(64 + (headers * 56)), 0, (ulong)note.Length, (ulong)note.Length));
        }

        ulong offset = (ulong)first;
        for (int i = 0; i < runs.Count; i++)
        {
            ulong size = runs[i].Count * RawPages.PageSize;

            // Up to the next run, or to the end of memory: pages that are there and were left out.
            ulong end = i + 1 < ordered ? runs[i + 1].First : i < ordered ? memory.PageCount : runs[i].First + runs[i].Count;
            file.Write(Program(1, offset, runs[i].First * RawPages.PageSize, size, (end - runs[i].First) * RawPages.PageSize));
            offset += size;
        }

        file.Write(note);
        file.SetLength(first);
        file.Position = first;
        foreach ((ulong start, ulong count) in runs)
        {
            for (ulong pfn = start; pfn < start + count; pfn++)
            {
                file.Write(memory.Pages.GetValueOrDefault(pfn, s_zero));
            }
        }

        return file.ToArray();
    }

    /// <summary>Makes a note.</summary>
    public static byte[] Note(string name, uint type, byte[] data)
    {
        byte[] bytes = new byte[12 + ((name.Length + 1 + 3) & ~3) + ((data.Length + 3) & ~3)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, name.Length + 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), type);
        Encoding.ASCII.GetBytes(name, bytes.AsSpan(12));
        data.CopyTo(bytes, 12 + ((name.Length + 1 + 3) & ~3));
        return bytes;
    }

    /// <summary>Makes a header of a core.</summary>
    public static byte[] Header(ushort programHeaders)
    {
        byte[] header = new byte[64];
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(16), 4);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(18), 62);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(56), programHeaders);
        return header;
    }

    /// <summary>Makes a program header.</summary>
    public static byte[] Program(uint type, ulong offset, ulong address, ulong fileSize, ulong size)
    {
        byte[] header = new byte[56];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), address);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), size);
        return header;
    }
}
