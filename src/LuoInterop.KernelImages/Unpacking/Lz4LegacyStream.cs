using System.Buffers.Binary;
using K4os.Compression.LZ4;
using LuoInterop.KernelImages.Containers;

namespace LuoInterop.KernelImages.Unpacking;

/// <summary>Unpacks LZ4's legacy frames, which the kernel's build makes (<c>lz4 -l</c>, <c>lib/decompress_unlz4.c</c>).</summary>
internal sealed class Lz4LegacyStream : BlockStream
{
    private const uint Magic = 0x184c2102;
    private const int BlockSize = 8 << 20;

    // LZ4_compressBound of a block.
    private const int MostPacked = BlockSize + (BlockSize / 255) + 16;

    private byte[] _packed = [];
    private byte[]? _plain;

    public Lz4LegacyStream(StreamPart packed)
        : base(packed) => packed.Position = sizeof(uint);

    protected override ReadOnlyMemory<byte> Next()
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        uint length;
        do
        {
            int count = Packed.ReadAtLeast(word, word.Length, throwOnEndOfStream: false);
            if (count == 0)
            {
                return default;
            }

            length = count == word.Length
                ? BinaryPrimitives.ReadUInt32LittleEndian(word)
                : throw new KernelImageException(KernelImageError.Cut, "The packed kernel ends within a block's length.");
        }
        while (length == Magic);

        if (length is 0 or > MostPacked)
        {
            throw new KernelImageException(KernelImageError.Damaged, $"A block of LZ4 is said to have {length} bytes.");
        }

        if (length > Packed.Length - Packed.Position)
        {
            throw new KernelImageException(KernelImageError.Cut, "The packed kernel ends within a block.");
        }

        Span<byte> bytes = Room(ref _packed, (int)length).AsSpan(0, (int)length);
        Fill(bytes);

        // No byte of a block stands for more than 255.
        int most = (int)Math.Min(BlockSize, 255L * length);
        byte[] plain = _plain is { } there && there.Length >= most ? there : _plain = new byte[most];
        int written = LZ4Codec.Decode(bytes, plain.AsSpan(0, most));
        return written > 0
            ? plain.AsMemory(0, written)
            : throw new KernelImageException(KernelImageError.Damaged, "A block of LZ4 does not unpack.");
    }
}
