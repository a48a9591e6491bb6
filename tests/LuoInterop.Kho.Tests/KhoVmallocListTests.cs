using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Follows kho_preserve_vmalloc and kho_restore_vmalloc of the kernel.</summary>
public class KhoVmallocListTests
{
    private readonly PhysicalPages _memory = new();

    // The kernel takes the next chunk as soon as one is full, so that a list of 511 ends in an empty chunk.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(510, 1)]
    [InlineData(511, 2)]
    [InlineData(512, 2)]
    [InlineData(1022, 3)]
    public void ChunksFor_IsTheKernelsNumber(int pages, int chunks) => Assert.Equal(chunks, KhoVmallocList.ChunksFor(pages));

    [Fact]
    public void Write_OfAFullChunk_LinksAnEmptyOne()
    {
        ulong[] pages = [.. Enumerable.Range(1, 511).Select(static i => (ulong)i << 12)];
        ulong[] chunks = _memory.Allocate(2);
        KhoVmalloc descriptor = KhoVmallocList.Write(_memory, chunks, pages);
        Assert.Equal(new KhoVmalloc(chunks[0], 511, KhoVmalloc.KHO_VMALLOC_ALLOC, 0), descriptor);
        Assert.Equal(chunks[1], BinaryPrimitives.ReadUInt64LittleEndian(_memory[chunks[0]]));
        Assert.Equal(511UL << 12, BinaryPrimitives.ReadUInt64LittleEndian(_memory[chunks[0]].AsSpan(4088)));
        Assert.Equal(-1, _memory[chunks[1]].AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal(pages, KhoVmallocList.Read(_memory, descriptor).Pages);
    }

    [Theory]
    [InlineData(2U, 0, "CountMismatch")] // fewer than there are
    [InlineData(4U, 0, "CountMismatch")] // more than there are
    [InlineData(3U, 1, "CountMismatch")] // pieces of two pages
    [InlineData(3U, 20, "BadOrder")]
    [InlineData(3U, 65535, "BadOrder")]
    [InlineData(uint.MaxValue, 0, "TooLarge")]
    public void Descriptor_ThatDoesNotFitTheChunks_IsRefused(uint totalPages, ushort order, string expected)
    {
        KhoVmalloc sound = KhoVmallocList.Write(_memory, _memory.Allocate(1), [0x1000, 0x2000, 0x3000]);
        Check(sound with { TotalPages = totalPages, Order = order }, expected, Errno.EINVAL);
    }

    [Fact]
    public void Chunk_ThatComesAgain_IsACycle()
    {
        ulong chunk = _memory.Allocate();
        KhoVmalloc sound = KhoVmallocList.Write(_memory, [chunk], [0x1000]);
        BinaryPrimitives.WriteUInt64LittleEndian(_memory[chunk], chunk);
        Check(sound with { TotalPages = 100 }, "Cycle", Errno.EINVAL);
    }

    [Fact]
    public void EmptyChunks_WithoutEnd_AreRefused()
    {
        ulong[] chunks = _memory.Allocate(100);
        for (int i = 0; i < 99; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_memory[chunks[i]], chunks[i + 1]);
        }

        Check(new KhoVmalloc(chunks[0], 5, 1, 0), "CountMismatch", Errno.EINVAL);
        Assert.InRange(_memory.Reads, 1, 7);
    }

    [Fact]
    public void Link_ToNoMemory_IsUnreadable()
    {
        Check(new KhoVmalloc(0xdead_0000, 1, 1, 0), "Unreadable", Errno.None);
        ulong chunk = _memory.Allocate();
        KhoVmalloc sound = KhoVmallocList.Write(_memory, [chunk], [0x1000]);
        BinaryPrimitives.WriteUInt64LittleEndian(_memory[chunk], ulong.MaxValue << 12);
        Check(sound with { TotalPages = 2 }, "Unreadable", Errno.None);
    }

    // Or else two pages hold thousands of chunks, and one piece is many.
    [Theory]
    [InlineData(0, 8UL, "BadLayout")]
    [InlineData(8, 0x1008UL, "BadLayout")]
    [InlineData(16, 0x1000UL, "Cycle")]
    [InlineData(16, 0x2000UL, "Cycle")]
    public void AddressOfNoPage_OrOfAPieceThatIsThere_IsRefused(int offset, ulong address, string expected)
    {
        ulong chunk = _memory.Allocate();
        KhoVmalloc sound = KhoVmallocList.Write(_memory, [chunk], [0x1000, 0x3000], order: 1);
        Assert.Equal([0x1000UL, 0x3000UL], KhoVmallocList.Read(_memory, sound).Pages);
        BinaryPrimitives.WriteUInt64LittleEndian(_memory[chunk].AsSpan(offset), address);
        Check(sound, expected, Errno.EINVAL);
    }

    [Fact]
    public void NoChunk_IsAnEmptyList()
    {
        Assert.Empty(KhoVmallocList.Read(_memory, default).Pages);
        Check(new KhoVmalloc(0, 1, 1, 0), "CountMismatch", Errno.EINVAL);
    }

    [Fact]
    public void Write_RefusesWhatCannotBeRead()
    {
        ulong[] chunks = _memory.Allocate(2);
        Assert.Throws<ArgumentOutOfRangeException>(() => KhoVmallocList.Write(_memory, chunks, [0x1000]));
        Assert.Throws<ArgumentOutOfRangeException>(() => KhoVmallocList.Write(_memory, [chunks[0]], [0x1000, 0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => KhoVmallocList.Write(_memory, [chunks[0]], [0x1000], order: 20));
    }

    private void Check(KhoVmalloc descriptor, string expected, Errno errno)
    {
        KhoFormatException error = Assert.Throws<KhoFormatException>(() => KhoVmallocList.Read(_memory, descriptor));
        Assert.Equal(expected, error.Error.ToString());
        Assert.Equal(errno, error.Errno);
    }
}
