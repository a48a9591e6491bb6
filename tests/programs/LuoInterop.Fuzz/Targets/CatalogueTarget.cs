using System.Globalization;
using System.Text;

namespace LuoInterop.Fuzz;

/// <summary>Reads catalogues, this library's and systemd's.</summary>
internal sealed class CatalogueTarget() : FuzzTarget("catalogue")
{
    private static readonly string[] Numbers =
        ["0", "1", "2", "-1", "-0", "1.5", "1e3", "1e400", "9223372036854775808", "18446744073709551615", "18446744073709551616",
            "\"1\"", "null", "true", "{}", "[]"];

    private static readonly string[] Texts = ["\"ram\"", "\"state\"", "\"\"", "5", "null", "\"\\u20ac\"", "\"a\\\"b\"", "[]"];

    public override Cost Limit => new(65536, 160);

    public override IReadOnlyList<byte[]> Snippets { get; } =
    [
        .. Numbers.Concat(Texts).Concat(
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\ud800", "\\u0000", "\"fdstore\":", "\"token\":0", "\"units\":{}",
            "\"version\":2", "\"version\":-1", "\"luointerop\":{}",
            "{\"type\":\"fd\",\"name\":\"x\",\"token\":9},", "\"type\":\"later\"", "{},", "5,",
            "\"size\":4096,", "\"length\":812,", "\"version\":3,", "\u00ef\u00bb\u00bf",
        ]).Select(static text => Encoding.Latin1.GetBytes(text)),
        [0xef, 0xbb, 0xbf],
        [0],
        [0xff],
    ];

    public override byte[] Generate(Random random) => random.Next(2) == 0 ? Own(random) : Systemds(random);

    public override byte[] Reseal(byte[] damaged)
    {
        const int HashAt = 93;
        const int HashLength = 64;
        if (damaged.Length > 158 && damaged.AsSpan().StartsWith("{\"luointerop\":{\"magic\":\"LUOCATALOGUE\""u8))
        {
            damaged.AsSpan(HashAt, HashLength).Fill((byte)'0');
            CatalogueHeader.Complete(damaged);
        }

        return damaged;
    }

    public override object? Parse(byte[] input)
    {
        try
        {
            return CatalogueDocument.Parse(input);
        }
        catch (SessionCatalogueException error) when (Enum.IsDefined(error.Fault))
        {
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var document = (CatalogueDocument)parsed;
        byte[] written = document.ToBytes();
        CatalogueDocument again = CatalogueDocument.Parse(written);
        Require(again.Entries.SequenceEqual(document.Entries), "the entries are others when they are written and read again");
        Require(again.KexecsCount == document.KexecsCount, "the count is another when it is written and read again");
        Require(again.ToBytes().AsSpan().SequenceEqual(written), "the bytes are others when they are written again");
        Require(document.Entries.All(static entry => entry.Token != 0), "an entry has the catalogue's own token");
        Require(CatalogueDocument.Parse(document.WithoutEntries().ToBytes()).Entries.Count == 0, "entries are left");
        foreach (IGrouping<(string Unit, string Name), CatalogueEntry> group in document.Entries.GroupBy(static entry =>
            (entry.Unit, entry.Name)))
        {
            Require(group.Count() > 1 || document.Find(group.Key.Unit, group.Key.Name) == group.Single(), "an entry is not found");
        }
    }

    private static byte[] Own(Random random)
    {
        var document = new CatalogueDocument { KexecsCount = random.Next() };
        for (int i = random.Next(8); i > 0; i--)
        {
            string unit = $"unit-{random.Next(3)}";
            document.Add(random.Next(4) switch
            {
                0 => new CatalogueEntry(unit, $"name {i}", null, $"session {random.Next()}"),
                1 => new CatalogueEntry(unit, $"name {i}", (ulong)i, null, 4096, "sha256:00", random.Next(4097), random.Next(1, 9)),
                _ => new CatalogueEntry(
                    unit, $"name \u20ac {i}",
                    (ulong)i + (ulong)random.Next(2) * 1000,
                    null,
                    random.Next(2) == 0 ? random.NextInt64() : null,
                    random.Next(2) == 0 ? "sha256:00" : null),
            });
        }

        return document.ToBytes();
    }

    // Entries of all kinds, some of them odd: the document is sound whatever they are.
    private static byte[] Systemds(Random random)
    {
        var text = new StringBuilder("{\"version\":1,\"state\":{\"kexecsCount\":")
            .Append(CultureInfo.InvariantCulture, $"{Numbers[random.Next(Numbers.Length)]}}},\"units\":{{");
        for (int unit = random.Next(4); unit > 0; unit--)
        {
            text.Append(CultureInfo.InvariantCulture, $"\"u{unit}.service\":{{\"fdstore\":[");
            for (int entry = random.Next(5); entry > 0; entry--)
            {
                string name = random.Next(3) == 0 ? Texts[random.Next(Texts.Length)] : $"\"n{entry}\"";
                string token = random.Next(3) == 0 ? Numbers[random.Next(Numbers.Length)] : $"{(unit * 10) + entry}";
                text.Append(random.Next(4) switch
                {
                    0 => $"{{\"type\":\"luo_session\",\"name\":{name},\"sessionName\":{Texts[random.Next(Texts.Length)]}}}",
                    1 => $"{{\"type\":\"fd\",\"name\":{name},\"token\":{token},\"size\":{Numbers[random.Next(Numbers.Length)]}}}",
                    2
                        => $"{{\"type\":\"fd\",\"name\":{name},\"token\":{token},\"size\":4096,"
                            + $"\"length\":{Numbers[random.Next(Numbers.Length)]},"
                            + $"\"version\":{Numbers[random.Next(Numbers.Length)]}}}",
                    _ => $"{{\"type\":\"fd\",\"name\":{name},\"token\":{token}}}",
                }).Append(entry > 1 ? "," : "");
            }

            text.Append("]}").Append(unit > 1 ? "," : "");
        }

        text.Append("}}");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
