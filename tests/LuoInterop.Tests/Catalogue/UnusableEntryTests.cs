using System.Text;
using LuoInterop.Tests.Support;

namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves that what is wrong with one entry or unit costs that one, and that it is named.</summary>
public sealed class UnusableEntryTests
{
    private const string Sound = "{\"type\":\"fd\",\"name\":\"sound\",\"token\":9}";

    public static TheoryData<string, string?, ulong?, string> Entries { get; } = new()
    {
        { "5", null, null, "no object" },
        { "null", null, null, "no object" },
        { "[]", null, null, "no object" },
        { "\"fd\"", null, null, "no object" },
        { "{}", null, null, "type" },
        { "{\"type\":5,\"name\":\"n\",\"token\":1}", "n", 1, "type" },
        { "{\"type\":\"\",\"name\":\"n\",\"token\":1}", "n", 1, "type" },
        { "{\"type\":\"later\",\"name\":\"n\",\"what\":1}", "n", null, "type" },
        { "{\"type\":\"fd\",\"token\":1}", null, 1, "name" },
        { "{\"type\":\"fd\",\"name\":5,\"token\":1}", null, 1, "name" },
        { "{\"type\":\"fd\",\"name\":\"\",\"token\":1}", null, 1, "name" },
        { "{\"type\":\"fd\",\"name\":null,\"token\":1}", null, 1, "name" },
        { "{\"type\":\"fd\",\"name\":\"n\"}", "n", null, "no token" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":null}", "n", null, "token" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":\"1\"}", "n", null, "token" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":0}", "n", 0, "catalogue's own" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"token\":2}", "n", 2, "twice" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"x\":1,\"x\":1}", "n", 1, "twice" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":\"big\"}", "n", 1, "size" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"checksum\":5}", "n", 1, "checksum" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"checksum\":\"\"}", "n", 1, "checksum" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":9,\"length\":-1,\"version\":1}", "n", 1, "length" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":9,\"length\":10,\"version\":1}", "n", 1, "length" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"length\":1,\"version\":1}", "n", 1, "length" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":9,\"length\":9,\"version\":0}", "n", 1, "version" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":9,\"length\":9,\"version\":2147483648}", "n", 1, "version" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":9,\"length\":9,\"version\":\"1\"}", "n", 1, "version" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":9,\"length\":9}", "n", 1, "both" },
        { "{\"type\":\"fd\",\"name\":\"n\",\"token\":1,\"size\":9,\"version\":1}", "n", 1, "both" },
        { "{\"type\":\"luo_session\",\"name\":\"n\"}", "n", null, "sessionName" },
        { "{\"type\":\"luo_session\",\"name\":\"n\",\"sessionName\":\"\"}", "n", null, "sessionName" },
        { "{\"type\":\"luo_session\",\"name\":\"n\",\"sessionName\":7}", "n", null, "sessionName" },
    };

    [Theory]
    [MemberData(nameof(Entries))]
    public void Entry_CostsItself(string entry, string? name, ulong? token, string reason)
    {
        string members = $"\"units\":{{\"u\":{{\"fdstore\":[{Sound},{entry}]}}}}";
        foreach (byte[] bytes in (byte[][])[Texts.Bytes("{" + members + "}"), Texts.WithHeader(members)])
        {
            CatalogueDocument document = CatalogueDocument.Parse(bytes);
            Assert.Equal([new CatalogueEntry("u", "sound", 9)], document.Entries);
            UnusableCatalogueEntry unusable = Assert.Single(document.Unusable);
            Assert.Equal(("u", 1, name, token), (unusable.Unit, unusable.Index, unusable.Name, unusable.Token));
            Assert.Contains(reason, unusable.Reason, StringComparison.Ordinal);

            // It is kept for the next writer, who may know more.
            Assert.Contains(entry, Encoding.UTF8.GetString(document.ToBytes()), StringComparison.Ordinal);
            Assert.Equal(document.Unusable, CatalogueDocument.Parse(document.ToBytes()).Unusable);
        }
    }

    [Theory]
    [InlineData("{\"fdstore\":{}}", "fdstore")]
    [InlineData("{\"fdstore\":5}", "fdstore")]
    [InlineData("{\"fdstore\":\"none\"}", "fdstore")]
    [InlineData("[]", "no object")]
    [InlineData("null", "no object")]
    [InlineData("5", "no object")]
    [InlineData("{\"fdstore\":[],\"fdstore\":[]}", "twice")]
    public void Unit_CostsItself(string unit, string reason)
    {
        CatalogueDocument document =
            CatalogueDocument.Parse(Texts.Bytes($"{{\"units\":{{\"bad\":{unit},\"u\":{{\"fdstore\":[{Sound}]}}}}}}"));
        Assert.Equal([new CatalogueEntry("u", "sound", 9)], document.Entries);
        UnusableCatalogueEntry unusable = Assert.Single(document.Unusable);
        Assert.Equal(("bad", -1, null, null), (unusable.Unit, unusable.Index, unusable.Name, unusable.Token));
        Assert.Contains(reason, unusable.Reason, StringComparison.Ordinal);

        // A writer may still use the unit.
        document.Add(new CatalogueEntry("bad", "new", 3));
        Assert.Equal(3UL, CatalogueDocument.Parse(document.ToBytes()).Find("bad", "new")?.Token);
    }

    [Fact]
    public void Unit_ThatIsThereTwice_CountsOnce()
    {
        CatalogueDocument document = CatalogueDocument.Parse(Texts.Bytes(
            $"{{\"units\":{{\"u\":{{\"fdstore\":[{Sound}]}},"
            + "\"u\":{\"fdstore\":[{\"type\":\"fd\",\"name\":\"other\",\"token\":8}]}}}"));
        Assert.Equal([new CatalogueEntry("u", "sound", 9)], document.Entries);
        Assert.Equal(("u", -1), (document.Unusable[0].Unit, document.Unusable[0].Index));
        Assert.Equal(document.Entries, CatalogueDocument.Parse(document.ToBytes()).Entries);
    }

    [Fact]
    public void Unit_WithoutAName_CostsItself()
    {
        CatalogueDocument document =
            CatalogueDocument.Parse(Texts.Bytes($"{{\"units\":{{\"\":{{\"fdstore\":[{Sound}]}},\"u\":{{\"fdstore\":[{Sound}]}}}}}}"));
        Assert.Equal([new CatalogueEntry("u", "sound", 9)], document.Entries);
        Assert.Equal("", Assert.Single(document.Unusable).Unit);
    }

    [Fact]
    public void NameOfTwoEntries_IsRefused_AndTheOthersAreUsable()
    {
        const string Twice = "{\"type\":\"fd\",\"name\":\"twice\",\"token\":1},{\"type\":\"fd\",\"name\":\"twice\",\"token\":2}";
        foreach (byte[] bytes in (byte[][])[
            Texts.Bytes($"{{\"units\":{{\"u\":{{\"fdstore\":[{Twice},{Sound}]}}}}}}"),
            Texts.WithHeader($"\"units\":{{\"u\":{{\"fdstore\":[{Twice},{Sound}]}}}}")])
        {
            CatalogueDocument document = CatalogueDocument.Parse(bytes);
            Assert.Empty(document.Unusable);
            Assert.Equal([1UL, 2UL, 9UL], document.Entries.Select(static entry => entry.Token!.Value));
            Assert.Equal(
                SessionCatalogueFault.Ambiguous, Assert.Throws<SessionCatalogueException>(() => document.Find("u", "twice")).Fault);
            Assert.Equal(9UL, document.Find("u", "sound")?.Token);
        }
    }

    [Fact]
    public void NameOfASoundAndAnUnusableEntry_LeadsToTheSoundOne()
    {
        CatalogueDocument document = CatalogueDocument.Parse(
            Texts.Bytes($"{{\"units\":{{\"u\":{{\"fdstore\":[{{\"type\":\"fd\",\"name\":\"sound\"}},{Sound}]}}}}}}"));
        Assert.Equal(9UL, document.Find("u", "sound")?.Token);
        Assert.Equal("sound", Assert.Single(document.Unusable).Name);
    }

    [Fact]
    public void TokenOfTwoNames_IsUsableByBoth()
    {
        CatalogueDocument document = CatalogueDocument.Parse(
            Texts.Bytes($"{{\"units\":{{\"u\":{{\"fdstore\":[{{\"type\":\"fd\",\"name\":\"same\",\"token\":9}},{Sound}]}}}}}}"));
        Assert.Equal((9UL, 9UL), (document.Find("u", "same")!.Token, document.Find("u", "sound")!.Token));
        Assert.Empty(document.Unusable);
    }

    [Fact]
    public void ByteOrderMarkBeforeAndNulsBehind_ArePassedOver()
    {
        foreach (byte[] text in (byte[][])[Texts.Bytes(Texts.Systemd), Texts.Small().ToBytes()])
        {
            IReadOnlyList<CatalogueEntry> expected = CatalogueDocument.Parse(text).Entries;
            Assert.NotEmpty(expected);
            Assert.Equal(expected, CatalogueDocument.Parse([.. text, 0]).Entries);
            Assert.Equal(expected, CatalogueDocument.Parse([.. text, .. new byte[4096]]).Entries);
            Assert.Equal(expected, CatalogueDocument.Parse([0xef, 0xbb, 0xbf, .. text]).Entries);
            Assert.Equal(expected, CatalogueDocument.Parse([0xef, 0xbb, 0xbf, .. text, 0]).Entries);
        }
    }

    [Fact]
    public void NulOrByteOrderMarkElsewhere_IsNoJson()
    {
        Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf("\0{}"u8.ToArray()));
        Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf("{\0}"u8.ToArray()));
        Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf([.. "{}"u8, 0xef, 0xbb, 0xbf]));
        Assert.Equal(SessionCatalogueFault.Malformed, Texts.FaultOf([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, .. "{}"u8]));
        Assert.Equal(SessionCatalogueFault.Truncated, Texts.FaultOf(new byte[4096]));
    }

    [Fact]
    public void Versionless_IsWrittenWithAVersion_AsLaterSystemdWantsIt() =>
        Assert.Contains(
            ",\"version\":1,", Encoding.UTF8.GetString(CatalogueDocument.Parse("{\"units\":{}}"u8).ToBytes()), StringComparison.Ordinal);

    [Fact]
    public void Retrieve_OfAnUnusableEntry_SaysWhy_AndTheOthersComeBack()
    {
        using var machine = new TestMachine();
        LiveUpdateSession outgoing = machine.Create("catalogue");
        using (Memfd mapping = machine.FileOf(
            $"{{\"version\":1,\"units\":{{\"u\":{{\"fdstore\":[{{\"type\":\"fd\",\"name\":\"lost\",\"token\":\"8\"}},{Sound}]}},"
            + "\"v\":{\"fdstore\":7}}}\0"))
        using (Memfd lost = machine.FileOf("lost content"))
        using (Memfd sound = machine.FileOf("sound content"))
        {
            outgoing.Preserve(mapping, 0);
            outgoing.Preserve(lost, 8);
            outgoing.Preserve(sound, 9);
        }

        outgoing.HoldUntilKexec();
        machine.Kexec();
        using LiveUpdateSession session = machine.Retrieve("catalogue");
        SessionCatalogue catalogue = SessionCatalogue.Open(session, "u");
        using (Memfd sound = catalogue.Retrieve("sound"))
        {
            Assert.Equal("sound content".Length, sound.Size);
        }

        var error = Assert.Throws<SessionCatalogueException>(() => catalogue.Retrieve("lost"));
        Assert.Equal(SessionCatalogueFault.Unusable, error.Fault);
        Assert.Contains("token", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            SessionCatalogueFault.Unusable,
            Assert.Throws<SessionCatalogueException>(() => SessionCatalogue.Open(session, "v").Retrieve("any")).Fault);
        Assert.Equal(SessionCatalogueFault.NoEntry, Assert.Throws<SessionCatalogueException>(() => catalogue.Retrieve("other")).Fault);
        using (Memfd lost = session.RetrieveMemfd(8))
        {
            Assert.Equal("lost content".Length, lost.Size);
        }

        session.Finish();
    }
}
