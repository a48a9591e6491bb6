using System.Text;
using System.Text.Json.Nodes;

namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves that members which this version does not know survive reading and writing, at every level.</summary>
public class UnknownMemberTests
{
    private const string Members =
        "\"version\":1,\"top\":[1,null,{\"a\":1.50}],\"state\":{\"kexecsCount\":4,\"inState\":true},"
        + "\"units\":{\"u\":{\"fdstore\":[{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"inEntry\":\"\\u20ac\"}],"
        + "\"inUnit\":12345678901234567890123},\"empty\":{}}";

    private const string Own = ",\"inHeader\":{\"x\":1}";

    private static readonly byte[] Document = Texts.WithHeader(Members, Own);

    private static JsonObject Written(CatalogueDocument document) => (JsonObject)JsonNode.Parse(document.ToBytes())!;

    [Fact]
    public void ToBytes_AfterParse_HasEveryMember()
    {
        JsonObject written = Written(CatalogueDocument.Parse(Document));
        JsonNode expected = JsonNode.Parse(Document)!;
        foreach (JsonObject side in new[] { written, (JsonObject)expected })
        {
            ((JsonObject)side["luointerop"]!).Remove("sha256");
            ((JsonObject)side["luointerop"]!).Remove("length");
        }

        Assert.Equal(expected.ToJsonString(), written.ToJsonString());
    }

    [Fact]
    public void ToBytes_AfterParse_ParsesAgain()
    {
        CatalogueDocument again = CatalogueDocument.Parse(CatalogueDocument.Parse(Document).ToBytes());
        Assert.Equal([new CatalogueEntry("u", "n", 1)], again.Entries);
    }

    [Fact]
    public void ToBytes_NumberOfAnySize_IsNotRounded()
    {
        string text = Encoding.UTF8.GetString(CatalogueDocument.Parse(Document).ToBytes());
        Assert.Contains("12345678901234567890123", text, StringComparison.Ordinal);
        Assert.Contains("1.50", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ToBytes_SystemdsDocument_GetsTheHeaderAndKeepsTheRest()
    {
        JsonObject written = Written(CatalogueDocument.Parse(Texts.Bytes("{" + Members + "}")));
        Assert.Equal("LUOCATALOGUE", (string?)written["luointerop"]?["magic"]);
        written.Remove("luointerop");
        Assert.Equal(JsonNode.Parse("{" + Members + "}")!.ToJsonString(), written.ToJsonString());
    }

    [Fact]
    public void WithoutEntries_KeepsAllButTheStores()
    {
        CatalogueDocument bare = CatalogueDocument.Parse(Document).WithoutEntries();
        Assert.Empty(bare.Entries);
        Assert.Equal(4, bare.KexecsCount);
        JsonObject written = Written(bare);
        Assert.Equal("[1,null,{\"a\":1.50}]", written["top"]!.ToJsonString());
        Assert.True((bool)written["state"]!["inState"]!);
        Assert.Equal("12345678901234567890123", written["units"]!["u"]!["inUnit"]!.ToJsonString());
        Assert.Null(written["units"]!["u"]!["fdstore"]);
        Assert.NotNull(written["units"]!["empty"]);
        Assert.Equal(1, (int)written["luointerop"]!["inHeader"]!["x"]!);
    }

    [Fact]
    public void WithoutEntries_LeavesTheOriginalAlone()
    {
        CatalogueDocument document = CatalogueDocument.Parse(Document);
        byte[] before = document.ToBytes();
        CatalogueDocument bare = document.WithoutEntries();
        bare.Add(new CatalogueEntry("u", "n", 99));
        Assert.Equal(before, document.ToBytes());
        Assert.Equal(99UL, bare.Find("u", "n")?.Token);
    }
}
