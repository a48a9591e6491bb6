using LuoInterop.Kho.Abi;

namespace LuoInterop.Kho.Tests;

/// <summary>Follows kho_block_set_restore of the kernel, check by check.</summary>
public class KhoBlockChainTests
{
    private readonly PhysicalPages _memory = new();

    [Fact]
    public void Head0_IsAnEmptyChain()
    {
        KhoBlockChain<LuoSessionSer> chain = KhoBlockChain<LuoSessionSer>.Read(_memory, 0);
        Assert.Empty(chain.Blocks);
        Assert.Empty(chain.Entries);
        Assert.Equal(0, _memory.Reads);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(51, 1)]
    [InlineData(52, 2)]
    [InlineData(510000, 10000)]
    public void BlocksFor_IsTheKernelsNumber(int sessions, int blocks) =>
        Assert.Equal(blocks, KhoBlockChain<LuoSessionSer>.BlocksFor(sessions));

    [Fact]
    public void Write_FillsAndLinksWholeBlocks()
    {
        ulong[] blocks = _memory.Allocate(2);
        _memory[blocks[1]].AsSpan().Fill(0xa5);
        LuoSessionSer[] sessions = Sessions(52);
        KhoBlockChain<LuoSessionSer>.Write(_memory, blocks, sessions);
        Assert.Equal(new KhoBlockHeaderSer(blocks[1], 51), KhoBlockHeaderSer.Read(_memory[blocks[0]]));
        Assert.Equal(new KhoBlockHeaderSer(0, 1), KhoBlockHeaderSer.Read(_memory[blocks[1]]));
        Assert.Equal(sessions[50], LuoSessionSer.Read(_memory[blocks[0]].AsSpan(16 + (50 * 80))));
        Assert.Equal(sessions[51], LuoSessionSer.Read(_memory[blocks[1]].AsSpan(16)));
        Assert.Equal(-1, _memory[blocks[1]].AsSpan(96).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Write_RefusesMoreThanFits() => Assert.Throws<ArgumentException>(
        () => KhoBlockChain<LuoSessionSer>.Write(_memory, _memory.Allocate(1), Sessions(52)));

    // The state that a failed CREATE_SESSION leaves at 51 sessions: the next kernel refuses it.
    [Fact]
    public void SpareBlock_IsLinkedWithCount0_AndRefused()
    {
        ulong[] blocks = _memory.Allocate(2);
        KhoBlockChain<LuoSessionSer>.Write(_memory, blocks, Sessions(51));
        Check(blocks[0], KhoFormatError.BadCount, Errno.EINVAL);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(52)]
    [InlineData(ulong.MaxValue)]
    public void Count_OutOfRange_IsRefused(ulong count)
    {
        ulong block = _memory.Allocate();
        new KhoBlockHeaderSer(0, count).Write(_memory[block]);
        Check(block, KhoFormatError.BadCount, Errno.EINVAL);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    [InlineData(7, 3)]
    [InlineData(8, 7)]
    public void Circle_IsFoundBeforeAnyCountIsRead(int length, int target)
    {
        ulong[] blocks = _memory.Allocate(length);
        for (int i = 0; i < length; i++)
        {
            // A count of 0 would be refused too, but the kernel looks for circles first.
            new KhoBlockHeaderSer(blocks[i + 1 < length ? i + 1 : target], 0).Write(_memory[blocks[i]]);
        }

        Check(blocks[0], KhoFormatError.Cycle, Errno.EINVAL);
        Assert.InRange(_memory.Reads, 1, 6 * length);
    }

    [Fact]
    public void TenThousandBlocks_AreRead()
    {
        ulong[] blocks = Chain(10000);
        Assert.Equal(10000, KhoBlockChain<LuoSessionSer>.Read(_memory, blocks[0]).Entries.Count);
    }

    [Fact]
    public void BlockTenThousandAndOne_IsENOSPC_UnlessItsCountIsBad()
    {
        ulong[] blocks = Chain(10001);
        Check(blocks[0], KhoFormatError.TooManyBlocks, Errno.ENOSPC);
        new KhoBlockHeaderSer(0, 0).Write(_memory[blocks[^1]]);
        Check(blocks[0], KhoFormatError.BadCount, Errno.EINVAL);
    }

    // The kernel's search for circles gives up after 10,000 steps of two blocks.
    [Fact]
    public void MoreThanTwentyThousandBlocks_AreTakenForACircle()
    {
        ulong[] blocks = Chain(20001);
        Check(blocks[0], KhoFormatError.Cycle, Errno.EINVAL);
        new KhoBlockHeaderSer(0, 1).Write(_memory[blocks[^2]]);
        Check(blocks[0], KhoFormatError.TooManyBlocks, Errno.ENOSPC);
    }

    [Fact]
    public void Link_ToNoMemory_IsUnreadable()
    {
        ulong block = _memory.Allocate();
        new KhoBlockHeaderSer(0xdead_0000_0000, 1).Write(_memory[block]);
        Check(block, KhoFormatError.Unreadable, Errno.None);
        Check(ulong.MaxValue - 4, KhoFormatError.Unreadable, Errno.None);
    }

    private static LuoSessionSer[] Sessions(int count) =>
        [.. Enumerable.Range(0, count).Select(static i => new LuoSessionSer($"session {i}", (ulong)i << 12, (ulong)i))];

    private ulong[] Chain(int length)
    {
        ulong[] blocks = _memory.Allocate(length);
        for (int i = 0; i < length; i++)
        {
            new KhoBlockHeaderSer(i + 1 < length ? blocks[i + 1] : 0, 1).Write(_memory[blocks[i]]);
        }

        return blocks;
    }

    private void Check(ulong head, KhoFormatError expected, Errno errno)
    {
        KhoFormatException error = Assert.Throws<KhoFormatException>(() => KhoBlockChain<LuoSessionSer>.Read(_memory, head));
        Assert.Equal(expected, error.Error);
        Assert.Equal(errno, error.Errno);
    }
}
