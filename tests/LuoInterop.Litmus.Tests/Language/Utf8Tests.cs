using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Litmus.Tests.Language;

/// <summary>Holds that no byte and no half of a character turns into another one unseen.</summary>
public sealed class Utf8Tests
{
    [Fact]
    public void Bytes_AreReadAsUtf8_WithAndWithoutAMark()
    {
        byte[] bytes = "d = open => 0 # gr\u00fc\u00df\n"u8.ToArray();
        Assert.Equal("d = open", Assert.Single(LitmusScript.ParseUtf8("a", bytes).Lines).Text);
        Assert.Equal("d = open", Assert.Single(LitmusScript.ParseUtf8("a", [.. "\ufeff"u8, .. bytes]).Lines).Text);
        Assert.Empty(LitmusScript.ParseUtf8("a", []).Lines);
    }

    [Theory]
    [InlineData(new byte[] { 0xff }, 1, "0xff")]
    [InlineData(new byte[] { (byte)'#', (byte)'\n', (byte)'#', 0xc3, (byte)'\n' }, 2, "0xc3")]
    [InlineData(new byte[] { (byte)'#', 0xed, 0xa0, 0x80 }, 1, "0xed")]
    [InlineData(new byte[] { (byte)'#', 0xc0, 0x80 }, 1, "0xc0")]
    [InlineData(new byte[] { (byte)'\n', (byte)'\n', (byte)'#', 0xf0, 0x9f, 0x98 }, 3, "0xf0")]
    [InlineData(new byte[] { 0xff, 0xfe, (byte)'e', 0 }, 1, "0xff")]
    public void BytesThatAreNotUtf8_AreRefusedWithTheirPlace(byte[] bytes, int line, string expected)
    {
        LitmusSyntaxException error = Assert.Throws<LitmusSyntaxException>(() => LitmusScript.ParseUtf8("a", bytes));
        Assert.Equal(
            (line, $"the byte {expected} is not UTF-8; in a quoted text, write it as \\x{expected[2..]}."), (error.Line, error.Reason));
    }

    [Theory]
    [InlineData('\ud800', '"')]
    [InlineData('\ud800', 'a')]
    [InlineData('\udc00', 'a')]
    public void HalfOfACharacter_IsRefused(char half, char next)
    {
        LitmusSyntaxException error = Assert.Throws<LitmusSyntaxException>(
            () => LitmusScript.Parse("a", $"d = open\ns = create_session d \"x{half}{next}\"\n"));
        Assert.Equal(2, error.Line);
        Assert.Contains("half of a surrogate pair", error.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("m = memfd name=\"\\xff\"", "name=")]
    [InlineData("kexec cmdline=\"kho=on \\xc3\"", "cmdline=")]
    public void TextForTheKernel_ThatIsNotUtf8_IsRefused(string line, string key)
    {
        LitmusSyntaxException error = Assert.Throws<LitmusSyntaxException>(() => LitmusScript.Parse("a", line));
        Assert.StartsWith(key, error.Reason, StringComparison.Ordinal);
        Assert.Contains("not UTF-8", error.Reason, StringComparison.Ordinal);
    }
}
