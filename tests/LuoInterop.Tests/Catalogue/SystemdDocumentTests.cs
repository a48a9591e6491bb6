namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves that the documents of systemd itself, which have no header, are read.</summary>
public class SystemdDocumentTests
{
    [Fact]
    public void Parse_SystemdsDocument_GivesFilesAndSessions()
    {
        CatalogueDocument document = CatalogueDocument.Parse(Texts.Bytes(Texts.Systemd));
        Assert.Equal(
            [
                new("web.service", "cache", 1),
                new("web.service", "own", null, "web-session"),
                new("db.service", "stored", 2),
                new("db.service", "stored", 3),
            ],
            document.Entries);
        Assert.Equal(3, document.KexecsCount);
    }

    [Fact]
    public void Find_NameThatSystemdUsedTwice_SaysAmbiguous()
    {
        CatalogueDocument document = CatalogueDocument.Parse(Texts.Bytes(Texts.Systemd));
        var error = Assert.Throws<SessionCatalogueException>(() => document.Find("db.service", "stored"));
        Assert.Equal(SessionCatalogueFault.Ambiguous, error.Fault);
        Assert.Equal(1UL, document.Find("web.service", "cache")?.Token);
        Assert.Null(document.Find("web.service", "stored"));
        Assert.Null(document.Find("gone.service", "cache"));
    }

    [Fact]
    public void Parse_FirstReleaseWithoutVersion_IsRead()
    {
        string first = Texts.Systemd.Replace("\"version\":1,", "", StringComparison.Ordinal);
        Assert.Equal(4, CatalogueDocument.Parse(Texts.Bytes(first)).Entries.Count);
    }

    [Fact]
    public void Parse_EmptyObject_HasNoEntries()
    {
        CatalogueDocument document = CatalogueDocument.Parse("{}"u8);
        Assert.Empty(document.Entries);
        Assert.Equal(0, document.KexecsCount);
    }

    [Fact]
    public void Parse_UnitWithoutStore_HasNoEntries() =>
        Assert.Empty(CatalogueDocument.Parse("""{"version":1,"units":{"a.service":{},"b.service":{"fdstore":null}}}"""u8).Entries);

    [Fact]
    public void Parse_EntryOfUnknownType_IsPassedOverAndKept()
    {
        CatalogueDocument document = CatalogueDocument.Parse(
            """{"units":{"u":{"fdstore":[{"type":"later","name":"x","what":1},{"type":"fd","name":"y","token":9}]}}}"""u8);
        Assert.Equal([new CatalogueEntry("u", "y", 9)], document.Entries);
        Assert.Contains(
            """{"type":"later","name":"x","what":1}""", System.Text.Encoding.UTF8.GetString(document.ToBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AnyWhiteSpaceBefore_IsTakenAsSystemds() =>
        Assert.Single(
            CatalogueDocument.Parse("\n {\"units\":{\"u\":{\"fdstore\":[{\"type\":\"fd\",\"name\":\"y\",\"token\":9}]}}}\n"u8).Entries);

    [Fact]
    public void Parse_TokenAtTheBorders_IsKeptExactly()
    {
        CatalogueDocument document = CatalogueDocument.Parse(
            """{"units":{"u":{"fdstore":[{"type":"fd","name":"a","token":1},{"type":"fd","name":"b","token":18446744073709551615}]}}}"""u8);
        Assert.Equal([1UL, ulong.MaxValue], document.Entries.Select(static entry => entry.Token!.Value));
    }
}
