using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Restores preserved pieces of plain pages that are apart, inside one another, or reach past the end of memory.</summary>
public class PreservedPiecesTests
{
    private const ulong Pages = 1 << 16;

    [Fact]
    public void Pieces_AreRestoredOnce_AndKeepTheirFrames()
    {
        PreservedPieces pieces = Of((0x40, 0), (0x41, 0), (0x100, 4), (0x200, 3));
        Assert.Equal([(0x40UL, 0x42UL), (0x100UL, 0x110UL), (0x200UL, 0x208UL)], pieces.Runs);
        Assert.Equal(4, pieces.Restore(0x100));
        Assert.Equal(-1, pieces.Restore(0x100));
        Assert.Equal(-1, pieces.Restore(0x101));
        Assert.Equal(-1, pieces.Restore(ulong.MaxValue));
        Assert.Equal(0, pieces.Restore(0x41));
    }

    /// <summary>page->private holds one order: that of the key which the walk met last, the smallest.</summary>
    [Fact]
    public void TwoOrdersAtOneFrame_TheLastIsKnown_TheFramesOfBothAreKept()
    {
        PreservedPieces pieces = Of((0x100, 4), (0x100, 0));
        Assert.Equal([(0x100UL, 0x110UL)], pieces.Runs);
        Assert.Equal(0, pieces.Restore(0x100));
        Assert.Equal(-1, pieces.Restore(0x100));
    }

    /// <summary>prep_compound_page clears page->private of all pages behind the first.</summary>
    [Fact]
    public void OuterPiece_TakesTheInnerOnesAway()
    {
        PreservedPieces pieces = Of((0x100, 4), (0x104, 2), (0x105, 0), (0x110, 0));
        Assert.Equal([(0x100UL, 0x111UL)], pieces.Runs);
        Assert.Equal(4, pieces.Restore(0x100));
        Assert.Equal(-1, pieces.Restore(0x104));
        Assert.Equal(-1, pieces.Restore(0x105));
        Assert.Equal(0, pieces.Restore(0x110));
    }

    [Fact]
    public void OuterPiece_AfterAnInnerOne_Panics()
    {
        PreservedPieces pieces = Of((0x100, 4), (0x104, 2), (0x105, 0));
        Assert.Equal(0, pieces.Restore(0x105));
        Assert.Contains(
            "Bad page state", Assert.Throws<EmulatedKernelPanicException>(() => pieces.Restore(0x100)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(51)]
    public void PiecePastTheEnd_EndsWithMemory(int order)
    {
        PreservedPieces pieces = Of((0, order), (0x800, 0));
        Assert.Equal([(0UL, Pages)], pieces.Runs);
        Assert.Equal(0, pieces.Restore(0x800));
    }

    private static PreservedPieces Of(params ReadOnlySpan<(int Pfn, int Order)> pieces)
    {
        var all = new PreservedPieces(Pages);
        foreach ((int pfn, int order) in pieces)
        {
            all.Add((ulong)pfn, order);
        }

        all.Seal();
        return all;
    }
}
