using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using K4os.Compression.LZ4;
using LuoInterop.KernelImages;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.LZMA;
using ZstdSharp;

namespace LuoInterop.Tests.Shared;

/// <summary>Makes kernel images of texts, packed in every way, without the tools that the kernel's build uses.</summary>
internal static class PackedKernel
{
    private const int Crc32Check = 1;

    /// <summary>Makes an ELF file of 64 bits for x86 that holds texts, each with a NUL before and behind it, and sections.</summary>
    public static byte[] Vmlinux(IEnumerable<string> texts, params (string Name, byte[] Content)[] sections)
    {
        using var file = new MemoryStream();
        file.Write(new byte[64]);
        foreach (string text in texts)
        {
            file.Write(Encoding.Latin1.GetBytes($"\0{text}\0"));
        }

        var headers = new List<(int Name, long Offset, long Length)> { (0, 0, 0) };
        using var names = new MemoryStream();
        names.WriteByte(0);
        foreach ((string name, byte[] content) in sections)
        {
            headers.Add(((int)names.Length, file.Length, content.Length));
            names.Write(Encoding.ASCII.GetBytes(name + "\0"));
            file.Write(content);
        }

        headers.Add(((int)names.Length, file.Length, names.Length + 10));
        names.Write(".shstrtab\0"u8);
        names.WriteTo(file);
        long table = file.Length;
        foreach ((int name, long offset, long length) in headers)
        {
            byte[] header = new byte[64];
            BinaryPrimitives.WriteInt32LittleEndian(header, name);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), offset);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), length);
            file.Write(header);
        }

        byte[] elf = file.ToArray();
        "\x7f"u8.CopyTo(elf);
        "ELF"u8.CopyTo(elf.AsSpan(1));
        elf[4] = 2;
        elf[5] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(18), 62);
        BinaryPrimitives.WriteInt64LittleEndian(elf.AsSpan(40), table);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(60), (ushort)headers.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(62), (ushort)(headers.Count - 1));
        return elf;
    }

    /// <summary>Makes an arm64 Image that holds texts.</summary>
    public static byte[] Arm64(params IEnumerable<string> texts)
    {
        byte[] image = [.. new byte[64], .. texts.SelectMany(static text => Encoding.Latin1.GetBytes($"\0{text}\0"))];
        "ARM\x64"u8.CopyTo(image.AsSpan(0x38));
        return image;
    }

    /// <summary>Packs bytes.</summary>
    public static byte[] Pack(KernelCompression compression, byte[] plain) => compression switch
    {
        KernelCompression.None => plain,
        KernelCompression.Gzip => Through(plain, static packed => new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)),
        KernelCompression.Bzip2 => Bzip2(plain),
        KernelCompression.Lzma => Lzma(plain),
        KernelCompression.Xz => Xz(plain),
        KernelCompression.Lzo => Lzop(plain),
        KernelCompression.Lz4 => Lz4(plain),
        _ => Zstd(plain),
    };

    /// <summary>Packs with bzip2. The level is the most that a block may hold, in units of 100,000 bytes: what is small says so, and is
    /// unpacked with small tables.</summary>
    private static byte[] Bzip2(byte[] plain)
    {
        const int Level = 3;
        byte[] packed = Through(
            plain, static packed => BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Compress, false, true));
        if (plain.Length < 50_000)
        {
            packed[Level] = (byte)'1';
        }

        return packed;
    }

    /// <summary>Makes a bzImage: a setup header, and the packed kernel with what the kernel's build puts behind it.</summary>
    public static byte[] BzImage(KernelCompression compression, byte[] plain, string version = "7.3.4 (builder@host) #1 SMP") =>
        BzImage(
            compression is KernelCompression.None or KernelCompression.Gzip
                ? Pack(compression, plain)
                : [.. Pack(compression, plain), .. BitConverter.GetBytes(plain.Length)],
            version);

    /// <summary>Makes a bzImage of bytes that are packed already.</summary>
    public static byte[] BzImage(byte[] payload, string version)
    {
        byte[] head = new byte[1024];
        head[0x1f1] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(0x1fe), 0xaa55);
        "HdrS"u8.CopyTo(head.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(0x206), 0x020f);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(0x20e), 0x100);
        Encoding.Latin1.GetBytes(version, head.AsSpan(0x300));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(0x24c), payload.Length);
        return [.. head, .. payload];
    }

    /// <summary>Makes an EFI zboot image.</summary>
    public static byte[] Zboot(KernelCompression compression, byte[] plain)
    {
        byte[] packed = Pack(compression, plain);
        byte[] head = new byte[0x200];
        "MZ"u8.CopyTo(head);
        "zimg"u8.CopyTo(head.AsSpan(4));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(8), head.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(12), packed.Length);
        return [.. head, .. packed, .. BitConverter.GetBytes(plain.Length)];
    }

    /// <summary>Makes a PE file of sections, with a table of certificates or without.</summary>
    public static byte[] Pe(bool isSigned, params (string Name, byte[] Content)[] sections)
    {
        const int Coff = 0x80;
        const int Optional = 240;
        byte[] head = new byte[Coff + 24 + Optional + (sections.Length * 40)];
        "MZ"u8.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(0x3c), Coff);
        "PE\0\0"u8.CopyTo(head.AsSpan(Coff));
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(Coff + 4), 0x8664);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(Coff + 6), (ushort)sections.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(Coff + 20), Optional);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(Coff + 24), 0x20b);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(Coff + 24 + 108), 16);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(Coff + 24 + 112 + 36), isSigned ? 8 : 0);
        using var file = new MemoryStream();
        file.Write(head);
        for (int i = 0; i < sections.Length; i++)
        {
            byte[] header = new byte[40];
            Encoding.ASCII.GetBytes(sections[i].Name, header);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), sections[i].Content.Length);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), (sections[i].Content.Length + 511) & ~511);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(20), (int)file.Length);
            file.Write(sections[i].Content);
            file.Write(new byte[-sections[i].Content.Length & 511]);
            long end = file.Position;
            file.Position = Coff + 24 + Optional + (i * 40);
            file.Write(header);
            file.Position = end;
        }

        return file.ToArray();
    }

    private static byte[] Through(byte[] plain, Func<Stream, Stream> open)
    {
        using var packed = new MemoryStream();
        using (Stream packer = open(packed))
        {
            packer.Write(plain);
        }

        return packed.ToArray();
    }

    private static byte[] Zstd(byte[] plain)
    {
        using var packer = new Compressor(1);
        return packer.Wrap(plain).ToArray();
    }

    // The header is that of the kernel's build: a length of -1, and the end is marked.
    private static byte[] Lzma(byte[] plain)
    {
        using var packed = new MemoryStream();
        byte[] properties;
        using (LzmaStream packer = LzmaStream.Create(new LzmaEncoderProperties(true, 1 << 16), false, packed))
        {
            packer.Write(plain);
            properties = packer.Properties;
        }

        return [.. properties, .. BitConverter.GetBytes(-1L), .. packed.ToArray()];
    }

    // LZMA2 in chunks that are stored; blocks of 64 KiB.
    private static byte[] Xz(byte[] plain)
    {
        const int Block = 64 << 10;
        using var file = new MemoryStream();
        file.Write([0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]);
        WriteSummed(file, [0, Crc32Check]);
        for (int at = 0; at < plain.Length; at += Block)
        {
            ReadOnlySpan<byte> part = plain.AsSpan(at, Math.Min(Block, plain.Length - at));

            // A header of 12 bytes: no sizes, one filter, LZMA2 with a window of 64 KiB.
            WriteSummed(file, [2, 0, 0x21, 1, 8, 0, 0, 0]);
            long start = file.Length;
            file.Write([1, (byte)((part.Length - 1) >> 8), (byte)(part.Length - 1)]);
            file.Write(part);
            file.WriteByte(0);
            file.Write(new byte[(int)((4 - ((file.Length - start) % 4)) % 4)]);
            file.Write(BitConverter.GetBytes(Crc32.HashToUInt32(part)));
        }

        file.WriteByte(0);
        return file.ToArray();
    }

    private static void WriteSummed(Stream file, ReadOnlySpan<byte> bytes)
    {
        file.Write(bytes);
        file.Write(BitConverter.GetBytes(Crc32.HashToUInt32(bytes)));
    }

    private static byte[] Lz4(byte[] plain)
    {
        const int Block = 8 << 20;
        using var file = new MemoryStream();
        file.Write([0x02, 0x21, 0x4c, 0x18]);
        for (int at = 0; at < plain.Length; at += Block)
        {
            byte[] packed = new byte[LZ4Codec.MaximumOutputSize(Block)];
            int length = LZ4Codec.Encode(plain.AsSpan(at, Math.Min(Block, plain.Length - at)), packed.AsSpan());
            file.Write(BitConverter.GetBytes(length));
            file.Write(packed, 0, length);
        }

        return file.ToArray();
    }

    // Blocks that end with a run are literals and one copy; others are stored, as lzop does where nothing is gained.
    private static byte[] Lzop(byte[] plain)
    {
        const int Block = 256 << 10;
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'L', (byte)'Z', (byte)'O', 0, 0x0d, 0x0a, 0x1a, 0x0a]);
        file.Write([0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 1, 5, 0x03, 0, 0, 1]);
        file.Write(new byte[12]);
        file.WriteByte(0);
        file.Write(new byte[4]);
        for (int at = 0; at < plain.Length; at += Block)
        {
            byte[] block = plain[at..Math.Min(plain.Length, at + Block)];
            byte[] packed = LzoBlock(block);
            packed = packed.Length < block.Length ? packed : block;
            byte[] head = new byte[12];
            BinaryPrimitives.WriteInt32BigEndian(head, block.Length);
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), packed.Length);
            file.Write(head);
            file.Write(packed);
        }

        file.Write(new byte[4]);
        return file.ToArray();
    }

    private static byte[] LzoBlock(byte[] plain)
    {
        int literals = plain.AsSpan().LastIndexOfAnyExcept(plain[^1]) + 2;
        int run = plain.Length - literals;
        return literals < 19 || run < 34 ? plain
            : [0, .. Length(literals - 18), .. plain.AsSpan(0, literals), 0x20, .. Length(run - 33), 0, 0, 0x11, 0, 0];

        static byte[] Length(int length) => [.. new byte[(length - 1) / 255], (byte)(((length - 1) % 255) + 1)];
    }
}
