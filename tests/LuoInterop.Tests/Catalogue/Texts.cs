using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LuoInterop.Tests.Catalogue;

/// <summary>Holds documents and the places of the fixed bytes, written out here and not taken from the library.</summary>
internal static class Texts
{
    public const int MagicAt = 24;
    public const int VersionAt = 55;
    public const int LengthAt = 71;
    public const int HashAt = 93;
    public const int HashLength = 64;
    public const int HeaderEnd = 158;

    /// <summary>A document as systemd writes it, with two files, a session of a service, and a name that is used twice.</summary>
    public const string Systemd = """
        {"version":1,"state":{"kexecsCount":3},"units":{
        "web.service":{"fdstore":[{"type":"fd","name":"cache","token":1},{"type":"luo_session","name":"own","sessionName":"web-session"}]},
        "db.service":{"fdstore":[{"type":"fd","name":"stored","token":2},{"type":"fd","name":"stored","token":3}]}}}
        """;

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Makes a small document of each kind of entry.</summary>
    public static CatalogueDocument Small()
    {
        var document = new CatalogueDocument { KexecsCount = 2 };
        document.Add(new CatalogueEntry("unit", "ram", 1, null, 4096, "sha256:00"));
        document.Add(new CatalogueEntry("unit", "own", null, "my-session"));
        return document;
    }

    /// <summary>Puts our header before the members of a document, as a program of this format version would.</summary>
    public static byte[] WithHeader(string members, string ownMembers = "", string formatVersion = "0001")
    {
        byte[] bytes = Bytes(
            $"{{\"luointerop\":{{\"magic\":\"LUOCATALOGUE\",\"formatVersion\":\"{formatVersion}\",\"length\":\"0000000000\","
            + $"\"sha256\":\"{new string('0', HashLength)}\"{ownMembers}}},{members}}}");
        return Seal(bytes);
    }

    /// <summary>Writes length and checksum over what is in their places.</summary>
    public static byte[] Seal(byte[] document)
    {
        Bytes(document.Length.ToString("D10", CultureInfo.InvariantCulture)).CopyTo(document, LengthAt);
        Array.Fill(document, (byte)'0', HashAt, HashLength);
        Bytes(Convert.ToHexStringLower(SHA256.HashData(document))).CopyTo(document, HashAt);
        return document;
    }

    public static SessionCatalogueFault FaultOf(byte[] document) =>
        Assert.Throws<SessionCatalogueException>(() => CatalogueDocument.Parse(document)).Fault;
}
