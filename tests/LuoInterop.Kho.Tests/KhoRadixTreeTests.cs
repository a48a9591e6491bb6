using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Follows the tables in include/linux/kho/abi/kexec_handover.h.</summary>
public class KhoRadixTreeTests
{
    private readonly PhysicalPages _memory = new();

    [Theory]
    [InlineData(0x0UL, 0, 1UL << 52)]
    [InlineData(0x1000UL, 0, (1UL << 52) | 1)]
    [InlineData(0x1_0000_0000UL, 0, (1UL << 52) | 0x100000)]
    [InlineData(0x2000UL, 1, (1UL << 51) | 1)]
    [InlineData(0x4000_0000UL, 9, (1UL << 43) | 0x200)]
    [InlineData(0x8000_0000_0000_0000UL, 51, 3UL)]
    public void Key_IsTheKernels(ulong address, int order, ulong key)
    {
        Assert.Equal(key, KhoRadixTree.EncodeKey(address, order));
        Assert.Equal((address, order), KhoRadixTree.DecodeKey(key));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)] // order 52
    [InlineData(1UL << 53)] // order -1
    [InlineData(ulong.MaxValue)]
    public void Key_WithoutAPage_IsRefused(ulong key) => Assert.Equal(
        KhoFormatError.BadKey, Assert.Throws<KhoFormatException>(() => KhoRadixTree.DecodeKey(key)).Error);

    // Order 0 at 4 GiB: key 1 << 52 | 0x100000 is entry 2 on level 5, 0 on levels 4 to 2, 32 on level 1, bit 0.
    [Fact]
    public void Add_SetsTheBitOfTheHeadersTable()
    {
        KhoRadixTree tree = Tree();
        Assert.Equal(Errno.None, tree.Add(0x1_0000_0000, 0));
        ulong node = tree.Root;
        foreach (int index in (int[])[2, 0, 0, 0, 32])
        {
            byte[] table = _memory[node];
            node = BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(index * 8));
            Assert.NotEqual(0UL, node);
            table.AsSpan(index * 8, 8).Clear();
            Assert.Equal(-1, table.AsSpan().IndexOfAnyExcept((byte)0));
        }

        Assert.Equal(1, _memory[node][0]);
        Assert.Equal(-1, _memory[node].AsSpan(1).IndexOfAnyExcept((byte)0));
    }

    // Order 9 at 1 GiB: key 1 << 43 | 0x200 is entry 2 on level 4, and bit 0 of byte 64 of the bitmap.
    [Fact]
    public void Add_OfALargeFolio_SharesTheUpperTables()
    {
        KhoRadixTree tree = Tree();
        Assert.Equal(Errno.None, tree.Add(0x4000_0000, 9));
        Assert.Equal(Errno.None, tree.Add(0x4020_0000, 9));
        Assert.Equal(6, _memory.Addresses.Count);
        ulong leaf = _memory.Addresses.Last();
        Assert.Equal(3, _memory[leaf][64]);
        Assert.Equal([(0x4000_0000UL, 9), (0x4020_0000UL, 9)], tree.Pieces());
    }

    [Fact]
    public void Remove_ForgetsThePieceOfThatOrderOnly()
    {
        KhoRadixTree tree = Tree();
        Assert.Equal(Errno.None, tree.Add(0x8000, 3));
        Assert.Equal(Errno.None, tree.Add(0x8000, 3));
        Assert.True(tree.Contains(0x8000, 3));
        Assert.False(tree.Contains(0x8000, 2));
        Assert.False(tree.Contains(0x10000, 3));
        Assert.False(tree.Remove(0x8000, 2));
        Assert.False(tree.Remove(0x10000, 3));
        Assert.True(tree.Remove(0x8000, 3));
        Assert.False(tree.Contains(0x8000, 3));
        Assert.Empty(tree.Pieces());
        Assert.Equal(6, tree.Nodes().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public void Add_WithoutMemory_LeavesTheTreeAsItWas(int pages)
    {
        ulong root = _memory.Allocate();
        int left = pages;
        var freed = new List<ulong>();
        var tree = new KhoRadixTree(_memory, root, () => left-- > 0 ? _memory.Allocate() : 0, freed.Add);
        Assert.Equal(Errno.ENOMEM, tree.Add(0x1000, 0));
        Assert.Equal(_memory.Addresses.Skip(1), freed);
        Assert.Equal([root], tree.Nodes());
        left = 5;
        Assert.Equal(Errno.None, tree.Add(0x1000, 0));
        Assert.Equal([(0x1000UL, 0)], tree.Pieces());
    }

    // Without a check, tables that all point at one page would stand for 512^5 bitmaps.
    [Fact]
    public void Node_ThatIsLinkedTwice_IsACycle()
    {
        ulong root = _memory.Allocate();
        for (int i = 0; i < 512; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_memory[root].AsSpan(i * 8), root);
        }

        Assert.Equal(KhoFormatError.Cycle, Fails(root));
        Assert.InRange(_memory.Reads, 1, 10);
    }

    [Fact]
    public void Node_ThatBeginsNoPage_IsABadLayout()
    {
        ulong root = _memory.Allocate();
        BinaryPrimitives.WriteUInt64LittleEndian(_memory[root], _memory.Allocate() + 8);
        Assert.Equal(
            KhoFormatError.BadLayout, Assert.Throws<KhoFormatException>(() => new KhoRadixTree(_memory, root).Pieces().Count()).Error);
    }

    [Fact]
    public void Node_ThatIsNoMemory_IsUnreadable()
    {
        ulong root = _memory.Allocate();
        BinaryPrimitives.WriteUInt64LittleEndian(_memory[root], 0xdead_0000_0000);
        Assert.Equal(KhoFormatError.Unreadable, Fails(root));
        Assert.Equal(KhoFormatError.Unreadable, Fails(0xffff_ffff_ffff_f000));
    }

    // A bit below entry 4 or higher of level 5 has no order: the key is wider than 53 bits.
    [Fact]
    public void Bit_WithoutAPage_IsABadKey()
    {
        KhoRadixTree tree = Tree();
        Assert.Equal(Errno.None, tree.Add(0, 0));
        byte[] root = _memory[tree.Root];
        root.AsSpan(2 * 8, 8).CopyTo(root.AsSpan(4 * 8));
        root.AsSpan(2 * 8, 8).Clear();
        Assert.Equal(KhoFormatError.BadKey, Fails(tree.Root));
    }

    [Fact]
    public void Order_OutOfRange_IsAnArgument()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Tree().Add(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tree().Add(0, 52));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KhoRadixTree(_memory, 0));
    }

    private KhoRadixTree Tree() => new(_memory, _memory.Allocate(), _memory.Allocate);

    private KhoFormatError Fails(ulong root) => Assert.Throws<KhoFormatException>(
        () => new KhoRadixTree(_memory, root).Pieces().Count()).Error;
}
