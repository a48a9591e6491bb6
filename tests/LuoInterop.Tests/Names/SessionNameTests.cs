using System.Text;
using LuoInterop.Interop;

namespace LuoInterop.Tests.Names;

/// <summary>Proves that session names reach the kernel as they are, or are refused before the call.</summary>
public class SessionNameTests
{
    private const int Limit = LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH;

    public static TheoryData<string> LegalNames { get; } = new(
        "a",
        new string('a', Limit - 1),
        "with/slash and space",
        "new\nline",
        new string('a', Limit - 3) + "\u00e9",
        new string('a', Limit - 4) + "\u20ac",
        new string('a', Limit - 5) + "\U0001F600",
        "\ufeffbom",
        "\u0001");

    public static TheoryData<string> IllegalNames { get; } = new(
        "",
        new string('a', Limit),
        new string('a', Limit - 2) + "\u00e9",
        new string('a', Limit - 3) + "\u20ac",
        new string('a', Limit - 4) + "\U0001F600",
        "a\0b",
        "\0",
        "\ud800",
        "a\udc00b",
        new string('a', Limit - 2) + "\ud83d");

    /// <summary>Raw programs may give a session any bytes: none of them turns into another one unseen.</summary>
    [Theory]
    [InlineData(new byte[] { (byte)'a', 0xff, (byte)'b' }, "a\\xffb")]
    [InlineData(new byte[] { 0xc3, 0xa9, 0xc3 }, "\u00e9\\xc3")]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 }, "\\xed\\xa0\\x80")]
    [InlineData(new byte[] { 0xff, 0, (byte)'x' }, "\\xff")]
    [InlineData(new byte[] { 0xef, 0xbf, 0xbd }, "\ufffd")]
    public void Decode_BytesThatAreNoText_ShowsEach(byte[] bytes, string expected) => Assert.Equal(expected, SessionName.Decode(bytes));

    [Theory]
    [MemberData(nameof(LegalNames))]
    public void Encode_LegalName_DecodesToItself(string name)
    {
        var bytes = new byte[Limit];
        Array.Fill(bytes, (byte)0xff);
        SessionName.Encode(name, bytes);
        Assert.Equal(name, SessionName.Decode(bytes));
    }

    [Theory]
    [MemberData(nameof(LegalNames))]
    public void Encode_LegalName_FillsTheRestWithZeros(string name)
    {
        var bytes = new byte[Limit];
        Array.Fill(bytes, (byte)0xff);
        SessionName.Encode(name, bytes);
        int length = Encoding.UTF8.GetByteCount(name);
        Assert.Equal(Encoding.UTF8.GetBytes(name), bytes[..length]);
        Assert.All(bytes[length..], static value => Assert.Equal(0, value));
    }

    // Lone surrogates do not survive the test runner's own transport, so the names are looked up here.
    [Fact]
    public void Encode_IllegalName_ThrowsAndWritesNothing()
    {
        foreach (object?[] row in (IEnumerable<object?[]>)IllegalNames)
        {
            string name = (string)row[0]!;
            var bytes = new byte[Limit];
            Array.Fill(bytes, (byte)0xff);
            Assert.ThrowsAny<ArgumentException>(() => SessionName.Encode(name, bytes));
            Assert.All(bytes, static value => Assert.Equal(0xff, value));
        }
    }

    [Fact]
    public void Encode_Null_ThrowsArgumentNull() =>
        Assert.Throws<ArgumentNullException>(static () => SessionName.Encode(null!, new byte[Limit]));

    [Fact]
    public void Encode_TooLongName_SaysHowLongItIs()
    {
        var error = Assert.Throws<ArgumentException>(static () => SessionName.Encode(new string('a', Limit), new byte[Limit]));
        Assert.Contains("at most 63 bytes", error.Message, StringComparison.Ordinal);
        Assert.Contains("has 64", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_BytesAfterTheNul_AreIgnored()
    {
        byte[] bytes = [.. "name"u8, 0, .. "rest"u8];
        Assert.Equal("name", SessionName.Decode(bytes));
    }

    [Fact]
    public void Decode_WithoutNul_TakesAll() => Assert.Equal("name", SessionName.Decode("name"u8));
}
