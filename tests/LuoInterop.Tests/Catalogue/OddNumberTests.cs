namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves what every number that steers the reading costs where it is negative, no whole number, too large,
/// or of the future.</summary>
public class OddNumberTests
{
    private const string Whole = "whole";

    /// <summary>Numbers that JSON can hold, and texts: which of them are whole and not negative, and fit into a u64.</summary>
    private static readonly (string Text, ulong? Value)[] Numbers =
    [
        ("-1", null), ("-0", null), ("-2147483648", null), ("-9223372036854775809", null), ("0", 0), ("1", 1), ("2", 2),
        ("0.5", null), ("1.0", null),
        ("1.5", null), ("-1.5", null), ("1e0", null), ("1e1", null), ("1E+3", null), ("1e-1", null), ("1e400", null),
        ("2147483647", int.MaxValue),
        ("2147483648", 1UL << 31), ("4294967295", uint.MaxValue), ("4294967296", 1UL << 32), ("9223372036854775807", long.MaxValue),
        ("9223372036854775808", 1UL << 63), ("18446744073709551615", ulong.MaxValue), ("18446744073709551616", null),
        ("100000000000000000000000000000000", null), ("\"1\"", null), ("\"\"", null), ("true", null), ("[1]", null), ("{}", null),
    ];

    public static TheoryData<string, ulong?> All
    {
        get
        {
            var rows = new TheoryData<string, ulong?>();
            foreach ((string text, ulong? value) in Numbers)
            {
                rows.Add(text, value);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Version(string text, ulong? value)
    {
        // A version above 2^64 is of the future as well: all its characters are digits.
        bool isLater = value > 1 || (value is null && text.Length > 18 && text.All(char.IsAsciiDigit));
        SessionCatalogueFault? expected =
            value == 1 ? null : isLater ? SessionCatalogueFault.NewerVersion : SessionCatalogueFault.Malformed;
        Assert.Equal(expected, FaultOf(Texts.Bytes($"{{\"version\":{text}}}")));
        Assert.Equal(expected, FaultOf(Texts.WithHeader($"\"version\":{text}")));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Token(string text, ulong? value)
    {
        CatalogueDocument document = Read($"\"token\":{text}");
        if (value is null or 0)
        {
            UnusableCatalogueEntry entry = Assert.Single(document.Unusable);
            Assert.Equal(("u", 0, "odd", value), (entry.Unit, entry.Index, entry.Name, entry.Token));
            Assert.Contains("token", entry.Reason, StringComparison.Ordinal);
            Assert.False(document.HasToken(0));
        }
        else
        {
            Assert.Empty(document.Unusable);
            Assert.Equal(value, document.Find("u", "odd")?.Token);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Size(string text, ulong? value)
    {
        CatalogueDocument document = Read($"\"token\":7,\"size\":{text}");
        if (value is null or > long.MaxValue)
        {
            UnusableCatalogueEntry entry = Assert.Single(document.Unusable);
            Assert.Equal(("u", 0, "odd", 7UL), (entry.Unit, entry.Index, entry.Name, entry.Token));
            Assert.Contains("size", entry.Reason, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal((long?)value, document.Find("u", "odd")?.Size);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void KexecsCount(string text, ulong? value)
    {
        CatalogueDocument document = CatalogueDocument.Parse(Texts.Bytes($"{{\"state\":{{\"kexecsCount\":{text}}}}}"));
        Assert.Equal(value <= uint.MaxValue ? (long)value : 0, document.KexecsCount);
    }

    [Theory]
    [InlineData("0000", SessionCatalogueFault.Malformed)]
    [InlineData("0002", SessionCatalogueFault.NewerVersion)]
    [InlineData("9999", SessionCatalogueFault.NewerVersion)]
    [InlineData("-001", SessionCatalogueFault.ChecksumMismatch)]
    [InlineData("+001", SessionCatalogueFault.ChecksumMismatch)]
    [InlineData("1e00", SessionCatalogueFault.ChecksumMismatch)]
    [InlineData("00.1", SessionCatalogueFault.ChecksumMismatch)]
    [InlineData(" 001", SessionCatalogueFault.ChecksumMismatch)]
    [InlineData("0x01", SessionCatalogueFault.ChecksumMismatch)]
    public void FormatVersionOfTheHeader(string digits, SessionCatalogueFault expected) =>
        Assert.Equal(expected, FaultOf(Texts.WithHeader("\"version\":1", formatVersion: digits)));

    [Theory]
    [InlineData("0000000000", SessionCatalogueFault.Truncated)]
    [InlineData("0000000001", SessionCatalogueFault.Truncated)]
    [InlineData("2147483648", SessionCatalogueFault.Truncated)]
    [InlineData("4294967296", SessionCatalogueFault.Truncated)]
    [InlineData("9999999999", SessionCatalogueFault.Truncated)]
    [InlineData("-000000172", SessionCatalogueFault.ChecksumMismatch)]
    [InlineData("00000172.0", SessionCatalogueFault.ChecksumMismatch)]
    [InlineData("0000017e01", SessionCatalogueFault.ChecksumMismatch)]
    public void LengthOfTheHeader(string digits, SessionCatalogueFault expected)
    {
        byte[] bytes = Texts.Small().ToBytes();
        Texts.Bytes(digits).CopyTo(bytes, Texts.LengthAt);
        Assert.Equal(expected, FaultOf(bytes));
    }

    // The odd entry, and a sound one behind it, which every odd number leaves usable.
    private static CatalogueDocument Read(string members)
    {
        CatalogueDocument document = CatalogueDocument.Parse(Texts.Bytes(
            $"{{\"units\":{{\"u\":{{\"fdstore\":[{{\"type\":\"fd\",\"name\":\"odd\",{members}}},"
            + $"{{\"type\":\"fd\",\"name\":\"{Whole}\",\"token\":9}}]}}}}}}"));
        Assert.Equal(9UL, document.Find("u", Whole)?.Token);
        return document;
    }

    private static SessionCatalogueFault? FaultOf(byte[] document)
    {
        try
        {
            CatalogueDocument.Parse(document);
            return null;
        }
        catch (SessionCatalogueException error)
        {
            return error.Fault;
        }
    }
}
