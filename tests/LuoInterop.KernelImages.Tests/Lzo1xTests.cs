using System.Globalization;
using LuoInterop.KernelImages.Unpacking;
using Xunit;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Holds the unpacking of LZO1X against its description, instruction by instruction.</summary>
public sealed class Lzo1xTests
{
    // Every instruction, with what comes out of it. The end mark is 11 00 00.
    [Theory]
    [InlineData("110000", "")]
    [InlineData("12 61 110000", "61")]
    [InlineData("14 616263 110000", "616263")]
    [InlineData("16 6162636465 110000", "6162636465")]
    [InlineData("01 61626364 110000", "61626364")]

    // Two bytes from a distance of 1, after three literals; then a literal.
    [InlineData("14 616263 01 00 64 110000", "616263636364")]

    // Three bytes from a distance of 3, and of 2.
    [InlineData("16 6162636465 48 00 110000", "6162636465636465")]
    [InlineData("16 6162636465 44 00 110000", "6162636465646564")]

    // Six bytes from a distance of 1.
    [InlineData("12 61 A0 00 110000", "61616161616161")]

    // Three bytes from a distance of 1 by a word, then two literals; then a length that follows.
    [InlineData("12 61 21 0200 7879 110000", "616161617879")]
    [InlineData("12 61 20 01 0000 110000", "61+34")]
    [InlineData("12 61 20 0001 0000 110000", "61+289")]
    public void Instruction(string packed, string plain)
    {
        byte[] source = Convert.FromHexString(packed.Replace(" ", "", StringComparison.Ordinal));
        byte[] expected = plain.Split('+') is [var first, var more]
            ? [.. Enumerable.Repeat(Convert.FromHexString(first)[0], 1 + int.Parse(more, CultureInfo.InvariantCulture))]
            : Convert.FromHexString(plain);
        byte[] room = new byte[expected.Length];
        Assert.Equal(Lzo1xResult.Done, Lzo1x.Decompress(source, room, out int read, out int written));
        Assert.Equal((source.Length, expected.Length), (read, written));
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(room));

        // One byte less, of either, is not enough, and says so.
        for (int cut = 0; cut < source.Length; cut++)
        {
            Assert.Equal(Lzo1xResult.SourceEnds, Lzo1x.Decompress(source.AsSpan(0, cut), room, out _, out _));
        }

        if (room.Length > 0)
        {
            Assert.Equal(Lzo1xResult.DestinationFull, Lzo1x.Decompress(source, room.AsSpan(1), out _, out written));
            Assert.InRange(written, 0, room.Length - 1);
        }
    }

    /// <summary>The distances beyond 2 KiB and 16 KiB begin where the ones before them end.</summary>
    [Theory]
    [InlineData(2049, "00 00", 3)]
    [InlineData(2049 + 1023, "0C FF", 3)]
    [InlineData(16384 + 1, "11 0400", 3)]
    [InlineData(16384 + 16383, "11 FCFF", 3)]
    [InlineData(32768, "19 0000", 3)]
    [InlineData(32768 + 16383, "19 FCFF", 3)]
    [InlineData(16384, "21 FCFF", 3)]
    public void FarCopy(int distance, string instruction, int length)
    {
        byte[] literals = new byte[distance];
        new Random(distance).NextBytes(literals);
        byte[] source = Source(literals);
        byte[] room = new byte[distance + length];
        Assert.Equal(Lzo1xResult.Done, Lzo1x.Decompress(source, room, out _, out int written));
        Assert.Equal(room.Length, written);
        Assert.Equal(literals, room[..distance]);
        Assert.Equal(literals[..length], room[distance..]);

        // One byte before the beginning there is nothing.
        Assert.Equal(Lzo1xResult.BadDistance, Lzo1x.Decompress(Source(literals[1..]), room, out _, out _));

        byte[] Source(byte[] bytes) =>
        [
            0, .. new byte[(bytes.Length - 19) / 255], (byte)(((bytes.Length - 19) % 255) + 1), .. bytes,
            .. Convert.FromHexString(instruction.Replace(" ", "", StringComparison.Ordinal)), 0x11, 0, 0,
        ];
    }

    [Fact]
    public void LengthsOfZeroes_CostNoMoreThanTheyAre()
    {
        byte[] source = new byte[1 << 20];
        Assert.Equal(Lzo1xResult.SourceEnds, Lzo1x.Decompress(source, new byte[10], out _, out int written));
        Assert.Equal(0, written);
        source[^1] = 1;
        Assert.Equal(Lzo1xResult.SourceEnds, Lzo1x.Decompress(source, new byte[10], out _, out _));
    }
}
