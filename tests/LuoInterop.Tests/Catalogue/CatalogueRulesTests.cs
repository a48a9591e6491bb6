using System.Text;

namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves what a catalogue takes and what it refuses, whoever wrote it.</summary>
public class CatalogueRulesTests
{
    public static TheoryData<string> Malformed { get; } = new(
        "[]",
        "null",
        "5",
        "\"text\"",
        "{} {}",
        "nonsense",
        "{\"version\":\"1\"}",
        "{\"version\":1.5}",
        "{\"version\":{}}",
        "{\"units\":[]}",
        "{\"version\":1,\"version\":1}",
        "{\"units\":{},\"units\":{}}",
        "{\"unknown\":{\"a\":1,\"a\":2}}",
        "{\"unknown\":\"\\ud800\"}",
        "{\"\\udc00\":1}",
        "{\"units\":{\"u\":{\"fdstore\":[{\"type\":\"fd\",\"name\":\"\\ud800\",\"token\":1}]}}}");

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Parse_BrokenRule_SaysMalformed(string document)
    {
        Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf(Texts.Bytes(document)));
        if (document.StartsWith('{') && document != "{} {}")
        {
            Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf(Texts.WithHeader(document[1..^1])));
        }
    }

    [Fact]
    public void Parse_TextThatIsNoUtf8_SaysMalformed()
    {
        Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf([.. "{\"unknown\":\""u8, 0xff, .. "\"}"u8]));
        Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf([.. "{\""u8, 0xc0, 0x80, .. "\":1}"u8]));
    }

    [Fact]
    public void Parse_MoreThanTheCap_SaysTooLarge() =>
        Assert.Equal(SessionCatalogueFault.TooLarge, Texts.FaultOf(new byte[CatalogueDocument.MaximumBytes + 1]));

    [Fact]
    public void Parse_ExactlyTheCap_IsRead()
    {
        string text = "{\"pad\":\"" + new string('x', CatalogueDocument.MaximumBytes - 10) + "\"}";
        Assert.Equal(CatalogueDocument.MaximumBytes, text.Length);
        Assert.Empty(CatalogueDocument.Parse(Texts.Bytes(text)).Entries);
    }

    [Fact]
    public void ToBytes_MoreThanTheCap_SaysTooLarge()
    {
        var document = new CatalogueDocument();
        document.Add(new CatalogueEntry("unit", new string('n', CatalogueDocument.MaximumBytes), 1));
        var error = Assert.Throws<SessionCatalogueException>(() => document.ToBytes());
        Assert.Equal(SessionCatalogueFault.TooLarge, error.Fault);
    }

    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    [InlineData(100_000, false)]
    public void Parse_NestedDocument_IsReadUpToTheCap(int depth, bool accepted)
    {
        // The object itself is the first level.
        byte[] bytes = Texts.Bytes("{\"deep\":" + new string('[', depth - 1) + new string(']', depth - 1) + "}");
        if (accepted)
        {
            CatalogueDocument document = CatalogueDocument.Parse(bytes);
            Assert.Contains(new string('[', depth - 1), Encoding.UTF8.GetString(document.ToBytes()), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf(bytes));
        }
    }

    [Fact]
    public void Add_NameOfTheSameUnitTwice_IsRefusedAndChangesNothing()
    {
        CatalogueDocument document = Texts.Small();
        byte[] before = document.ToBytes();
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "ram", 7)));
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "own", 7)));
        Assert.Equal(before, document.ToBytes());
    }

    [Fact]
    public void Add_SameNameInAnotherUnit_IsTaken()
    {
        CatalogueDocument document = Texts.Small();
        document.Add(new CatalogueEntry("other", "ram", 7));
        Assert.Equal(7UL, document.Find("other", "ram")?.Token);
        Assert.Equal(1UL, document.Find("unit", "ram")?.Token);
    }

    [Fact]
    public void Add_UsedToken_IsRefusedAndChangesNothing()
    {
        CatalogueDocument document = Texts.Small();
        byte[] before = document.ToBytes();
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("other", "name", 1)));
        Assert.Equal(before, document.ToBytes());
    }

    [Fact]
    public void Add_TokenOfTheCatalogueItself_IsRefused() =>
        Assert.Throws<ArgumentException>(static () =>
            new CatalogueDocument().Add(new CatalogueEntry("unit", "name", SessionCatalogue.Token)));

    [Fact]
    public void Add_TokenAndSessionNameOrNeither_IsRefused()
    {
        Assert.Throws<ArgumentException>(static () => new CatalogueDocument().Add(new CatalogueEntry("unit", "name", 1, "session")));
        Assert.Throws<ArgumentException>(static () => new CatalogueDocument().Add(new CatalogueEntry("unit", "name", null)));
    }

    [Fact]
    public void Add_EmptyText_IsRefused()
    {
        var document = new CatalogueDocument();
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("", "name", 1)));
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "", 1)));
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "name", null, "")));
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "name", 1, null, 0, "")));
        Assert.Empty(document.Entries);
    }

    [Fact]
    public void Add_LoneSurrogateAnywhere_IsRefused()
    {
        var document = new CatalogueDocument();
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("\ud800", "name", 1)));
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "a\udc00", 1)));
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "name", null, "\ud800x")));
        Assert.Throws<ArgumentException>(() => document.Add(new CatalogueEntry("unit", "name", 1, null, 0, "\udc00")));
        Assert.Empty(document.Entries);
    }

    [Theory]
    [InlineData("-1", 0)]
    [InlineData("\"5\"", 0)]
    [InlineData("5", 5)]
    [InlineData("1e99", 0)]
    [InlineData("1.5", 0)]
    [InlineData("4294967295", 4294967295)]
    [InlineData("4294967296", 0)]
    public void KexecsCount_OfForeignDocument_IsNeverNegative(string value, long expected) =>
        Assert.Equal(expected, CatalogueDocument.Parse(Texts.Bytes($"{{\"state\":{{\"kexecsCount\":{value}}}}}")).KexecsCount);

    [Fact]
    public void KexecsCount_SetToNegative_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => new CatalogueDocument { KexecsCount = -1 });

    [Fact]
    public void KexecsCount_SetToMoreThanSystemdReads_IsRefused()
    {
        Assert.Equal(uint.MaxValue, new CatalogueDocument { KexecsCount = uint.MaxValue }.KexecsCount);
        Assert.Throws<ArgumentOutOfRangeException>(static () => new CatalogueDocument { KexecsCount = uint.MaxValue + 1L });
    }

    [Fact]
    public void Add_NegativeSize_IsRefused() =>
        Assert.Throws<ArgumentException>(static () => new CatalogueDocument().Add(new CatalogueEntry("unit", "name", 1, null, -1)));
}
