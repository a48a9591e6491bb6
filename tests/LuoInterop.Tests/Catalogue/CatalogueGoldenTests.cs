using System.Text;

namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves which bytes a catalogue is made of, and where the fixed ones are.</summary>
public class CatalogueGoldenTests
{
    private const string SmallTail =
        "},\"version\":1,\"state\":{\"kexecsCount\":2},\"units\":{\"unit\":{\"fdstore\":["
        + "{\"type\":\"fd\",\"name\":\"ram\",\"token\":1,\"size\":4096,\"checksum\":\"sha256:00\"},"
        + "{\"type\":\"luo_session\",\"name\":\"own\",\"sessionName\":\"my-session\"}]}}}";

    [Fact]
    public void ToBytes_SmallDocument_HasTheFixedBytesInTheirPlaces()
    {
        byte[] bytes = Texts.Small().ToBytes();
        Assert.Equal("{\"luointerop\":{\"magic\":\""u8, bytes.AsSpan(0, Texts.MagicAt));
        Assert.Equal("LUOCATALOGUE"u8, bytes.AsSpan(Texts.MagicAt, 12));
        Assert.Equal("0001"u8, bytes.AsSpan(Texts.VersionAt, 4));
        Assert.Equal($"{bytes.Length:D10}", Encoding.ASCII.GetString(bytes, Texts.LengthAt, 10));
        Assert.Equal(bytes, Texts.Seal([.. bytes]));
    }

    [Fact]
    public void ToBytes_SmallDocument_GoesOnInSystemdsShape()
    {
        byte[] bytes = Texts.Small().ToBytes();
        Assert.Equal(SmallTail, Encoding.UTF8.GetString(bytes, Texts.HeaderEnd, bytes.Length - Texts.HeaderEnd));
    }

    [Fact]
    public void ToBytes_SmallDocument_IsTheGoldenText()
    {
        const string Checksum = "0a65a7228934ee573cdfe62da0f2376240dd20bb2c8e26389c404946da56280e";
        string expected =
            "{\"luointerop\":{\"magic\":\"LUOCATALOGUE\",\"formatVersion\":\"0001\",\"length\":\"0000000364\",\"sha256\":\""
            + Checksum + "\"" + SmallTail;
        Assert.Equal(expected, Encoding.UTF8.GetString(Texts.Small().ToBytes()));
    }

    [Fact]
    public void ToBytes_State_HasLengthAndVersion()
    {
        var document = new CatalogueDocument();
        var entry = new CatalogueEntry("unit", "state", 2, null, 4096, "sha256:01", 812, 3);
        document.Add(entry);
        string text = Encoding.UTF8.GetString(document.ToBytes());
        Assert.Contains(
            "[{\"type\":\"fd\",\"name\":\"state\",\"token\":2,\"size\":4096,\"checksum\":\"sha256:01\",\"length\":812,\"version\":3}]", text, StringComparison.Ordinal);
        Assert.Equal(entry, Assert.Single(CatalogueDocument.Parse(document.ToBytes()).Entries));
    }

    [Fact]
    public void ToBytes_Twice_GivesTheSameBytes()
    {
        CatalogueDocument document = Texts.Small();
        Assert.Equal(document.ToBytes(), document.ToBytes());
    }

    [Fact]
    public void ToBytes_OfAParsedDocument_GivesTheSameBytes()
    {
        byte[] bytes = Texts.Small().ToBytes();
        Assert.Equal(bytes, CatalogueDocument.Parse(bytes).ToBytes());
    }

    [Fact]
    public void ToBytes_EmptyDocument_ParsesToNoEntries()
    {
        CatalogueDocument parsed = CatalogueDocument.Parse(new CatalogueDocument().ToBytes());
        Assert.Empty(parsed.Entries);
        Assert.Equal(0, parsed.KexecsCount);
    }

    [Fact]
    public void Parse_SmallDocument_GivesItsEntriesBack()
    {
        CatalogueDocument parsed = CatalogueDocument.Parse(Texts.Small().ToBytes());
        Assert.Equal(Texts.Small().Entries, parsed.Entries);
        Assert.Equal(2, parsed.KexecsCount);
    }
}
