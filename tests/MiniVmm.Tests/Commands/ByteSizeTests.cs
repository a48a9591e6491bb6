using MiniVmm.Commands;
using Xunit;

namespace MiniVmm.Tests.Commands;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("512M", 512L << 20)]
    [InlineData("2G", 2L << 30)]
    [InlineData("2g", 2L << 30)]
    [InlineData("64K", 64L << 10)]
    [InlineData("128", 128L << 20)]
    [InlineData(" 1G ", 1L << 30)]
    public void Size_IsRead(string text, long bytes)
    {
        Assert.Null(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("", "is no size")]
    [InlineData("M", "is no size")]
    [InlineData("5x", "is no size")]
    [InlineData("-5M", "is no size")]
    [InlineData("1.5G", "is no size")]
    [InlineData("5MB", "is no size")]
    [InlineData("0", "without memory")]
    [InlineData("3K", "multiple of 4096")]
    [InlineData("9999999999G", "more memory than there can be")]
    [InlineData("99999999999999999999M", "more memory than there can be")]
    public void OtherText_IsRefusedInWords(string text, string fault) =>
        Assert.Contains(fault, ByteSize.TryParse(text, out _), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "-")]
    [InlineData(512L << 20, "512M")]
    [InlineData(3L << 30, "3G")]
    [InlineData(4096, "4K")]
    public void Size_IsWrittenInItsLargestUnit(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));
}
