namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves that a catalogue that is cut short, changed or newer is refused by name, and with no other exception.</summary>
public class CatalogueDamageTests
{
    [Fact]
    public void Parse_CutShortAtAnyLength_SaysTruncated()
    {
        byte[] bytes = Texts.Small().ToBytes();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Equal((length, SessionCatalogueFault.Truncated), (length, Texts.FaultOf(bytes[..length])));
        }
    }

    [Fact]
    public void Parse_WithMoreBytesThanItsLength_SaysTruncated()
    {
        byte[] bytes = Texts.Small().ToBytes();
        Assert.Equal(SessionCatalogueFault.Truncated, Texts.FaultOf([.. bytes, (byte)' ']));
        Assert.Equal(SessionCatalogueFault.Truncated, Texts.FaultOf([.. bytes, 0, (byte)'\n']));
    }

    [Fact]
    public void Parse_WithAnyBitFlipped_IsRefused()
    {
        byte[] bytes = Texts.Small().ToBytes();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Exception? error = Record.Exception(() => CatalogueDocument.Parse(bytes));
            Assert.True(error is SessionCatalogueException, $"Bit {bit % 8} of byte {bit / 8}: {error?.ToString() ?? "accepted"}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(2, CatalogueDocument.Parse(bytes).Entries.Count);
    }

    [Fact]
    public void Parse_WithABitOfTheBodyFlipped_SaysChecksumMismatch()
    {
        byte[] bytes = Texts.Small().ToBytes();
        for (int at = Texts.HashAt; at < bytes.Length; at++)
        {
            bytes[at] ^= 1;
            Assert.Equal((at, SessionCatalogueFault.ChecksumMismatch), (at, Texts.FaultOf(bytes)));
            bytes[at] ^= 1;
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(Texts.MagicAt)]
    [InlineData(Texts.MagicAt + 11)]
    public void Parse_WithADamagedMagic_SaysChecksumMismatch(int at)
    {
        byte[] bytes = Texts.Small().ToBytes();
        bytes[at] ^= 1;
        Assert.Equal(SessionCatalogueFault.ChecksumMismatch, Texts.FaultOf(bytes));
    }

    [Theory]
    [InlineData("0002")]
    [InlineData("9999")]
    public void Parse_NewerFormatVersion_IsRefusedWithoutTheBody(string version)
    {
        byte[] bytes = Texts.WithHeader("\"version\":1", formatVersion: version);
        Assert.Equal(SessionCatalogueFault.NewerVersion, Texts.FaultOf(bytes));
        Assert.Equal(SessionCatalogueFault.NewerVersion, Texts.FaultOf(bytes[..(Texts.VersionAt + 4)]));
        Assert.Equal(SessionCatalogueFault.NewerVersion, Texts.FaultOf([.. bytes[..(Texts.VersionAt + 4)], .. "another shape"u8]));
    }

    [Fact]
    public void Parse_NewerFormatVersion_NamesBothVersions()
    {
        var error = Assert.Throws<SessionCatalogueException>(static () =>
            CatalogueDocument.Parse(Texts.WithHeader("\"version\":1", formatVersion: "0007")));
        Assert.Contains("format version 7", error.Message, StringComparison.Ordinal);
        Assert.Contains("knows version 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"version\":2}")]
    [InlineData("{\"version\":2147483647,\"units\":5}")]
    public void Parse_NewerVersion_IsRefusedBeforeItsUnitsAreRead(string document)
    {
        Assert.Equal(SessionCatalogueFault.NewerVersion, Texts.FaultOf(Texts.Bytes(document)));
        Assert.Equal(SessionCatalogueFault.NewerVersion, Texts.FaultOf(Texts.WithHeader(document[1..^1])));
    }

    [Fact]
    public void Parse_DamagedLength_IsRefused()
    {
        byte[] bytes = Texts.Small().ToBytes();
        bytes[Texts.LengthAt] = (byte)'9';
        Assert.Equal(SessionCatalogueFault.Truncated, Texts.FaultOf(bytes));
    }
}
