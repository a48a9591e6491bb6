using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Follows kho_mem_serialize and deserialize_bitmap of Linux 6.16 to 7.0.</summary>
public class KhoserMemMapTests
{
    private readonly PhysicalPages _memory = new();
    private readonly List<ulong> _chunks = [];

    // Two orders are two chunks; a bitmap of order 0 covers 128 MiB.
    [Fact]
    public void Write_GivesTheSourcesBytes()
    {
        ulong low = _memory.Allocate();
        ulong high = _memory.Allocate();
        ulong huge = _memory.Allocate();
        _memory[low][1] = 0x01;
        _memory[high][4095] = 0x80;
        _memory[huge][0] = 0x02;
        Assert.Equal(
            Errno.None, KhoserMemMap.Write(_memory, [new(0, 0, low), new(0, 2, high), new(9, 0, huge)], _memory.Allocate, _chunks));
        Assert.Equal(2, _chunks.Count);
        Assert.Equal(
            Words(_chunks[1], 0x2_0000_0000, 0, low, 0x1000_0000, high),
            Convert.ToHexStringLower(_memory[_chunks[0]].AsSpan(0, 48)));
        Assert.Equal(Words(0, 0x1_0000_0009, 0, huge), Convert.ToHexStringLower(_memory[_chunks[1]].AsSpan(0, 32)));
        Assert.Equal(-1, _memory[_chunks[0]].AsSpan(48).IndexOfAnyExcept((byte)0));
        Assert.Equal(
            [(0x8000UL, 0), (0x17ff_f000UL, 0), (0x20_0000UL, 9)], KhoserMemMap.Pieces(_memory, _chunks[0]));
    }

    [Fact]
    public void FullChunk_IsFollowedByAnother()
    {
        KhoserMemMap.Bitmap[] bitmaps = [.. Enumerable.Range(0, 256).Select(i => new KhoserMemMap.Bitmap(0, (ulong)i, _memory.Allocate()))];
        foreach (KhoserMemMap.Bitmap bitmap in bitmaps)
        {
            _memory[bitmap.Address][0] = 1;
        }

        Assert.Equal(Errno.None, KhoserMemMap.Write(_memory, bitmaps, _memory.Allocate, _chunks));
        Assert.Equal(2, _chunks.Count);
        Assert.Equal((255U, 1U), (Header(0).NumElms, Header(1).NumElms));
        Assert.Equal(Enumerable.Range(0, 256).Select(static i => ((ulong)i << 27, 0)), KhoserMemMap.Pieces(_memory, _chunks[0]));
    }

    [Fact]
    public void NoBitmap_IsNoMap()
    {
        Assert.Equal(Errno.None, KhoserMemMap.Write(_memory, [], _memory.Allocate, _chunks));
        Assert.Empty(_chunks);
        Assert.Empty(KhoserMemMap.Pieces(_memory, 0));
    }

    [Fact]
    public void ShortMemory_IsEnomem_WithTheChunksMadeSoFar()
    {
        int left = 1;
        Assert.Equal(
            Errno.ENOMEM,
            KhoserMemMap.Write(_memory, [new(0, 0, 0x1000), new(1, 0, 0x2000)], () => left-- > 0 ? _memory.Allocate() : 0, _chunks));
        Assert.Single(_chunks);
    }

    [Theory]
    [InlineData(12, 256, nameof(KhoFormatError.BadCount))]
    [InlineData(8, 20, nameof(KhoFormatError.BadOrder))]
    [InlineData(24, 0x3000, nameof(KhoFormatError.Unreadable))]
    [InlineData(24, 0x3008, nameof(KhoFormatError.BadLayout))]
    public void DamagedChunk_IsNamed(int offset, uint word, string error)
    {
        Assert.Equal(Errno.None, KhoserMemMap.Write(_memory, [new(0, 0, _memory.Allocate())], _memory.Allocate, _chunks));
        BitConverter.TryWriteBytes(_memory[_chunks[0]].AsSpan(offset), word);
        BitConverter.TryWriteBytes(_memory[_chunks[0]].AsSpan(28), offset == 24 ? 0U : 1U);
        Assert.Equal(error, Assert.Throws<KhoFormatException>(() => KhoserMemMap.Pieces(_memory, _chunks[0]).Count()).Error.ToString());
    }

    [Fact]
    public void Circle_IsNamed()
    {
        Assert.Equal(Errno.None, KhoserMemMap.Write(_memory, [new(0, 0, _memory.Allocate())], _memory.Allocate, _chunks));
        (Header(0) with { Next = _chunks[0] }).Write(_memory[_chunks[0]]);
        Assert.Equal(
            KhoFormatError.Cycle, Assert.Throws<KhoFormatException>(() => KhoserMemMap.Pieces(_memory, _chunks[0]).Count()).Error);
    }

    private KhoserMemChunkHdr Header(int chunk) => KhoserMemChunkHdr.Read(_memory[_chunks[chunk]]);

    private static string Words(params ulong[] words) => Convert.ToHexStringLower([.. words.SelectMany(BitConverter.GetBytes)]);
}
