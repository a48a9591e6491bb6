using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves by generated documents that any name comes back as it was, and that adding is cheap.</summary>
public class CatalogueRoundTripTests
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    [Fact]
    public void Parse_OfWrittenDocument_GivesAnyEntriesBack()
    {
        var property = Prop.ForAll(
            ArbMap.Default.ArbFor<(string Unit, string Name, ulong Token, string Session, long? Size, string Checksum)[]>(),
            static rows =>
            {
                var document = new CatalogueDocument();
                var expected = new List<CatalogueEntry>();
                foreach (var row in rows)
                {
                    CatalogueEntry entry = row.Token % 3 == 0
                        ? new(row.Unit, row.Name, null, row.Session)
                        : new(row.Unit, row.Name, row.Token, null, row.Size, row.Checksum);
                    if (TryAdd(document, entry))
                    {
                        expected.Add(entry);
                    }
                }

                CatalogueDocument parsed = CatalogueDocument.Parse(document.ToBytes());

                // An entry comes back in its unit's place: units are written together, in the order of their first entries.
                var grouped = expected.GroupBy(static entry => entry.Unit).SelectMany(static unit => unit);
                return parsed.Entries.SequenceEqual(grouped)
                    && expected.TrueForAll(entry => parsed.Find(entry.Unit, entry.Name) == entry);
            });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), property);
    }

    [Fact]
    public void Add_AnyText_IsTakenExactlyWhenItIsWellFormed()
    {
        var property = Prop.ForAll(ArbMap.Default.ArbFor<string>(), static name =>
        {
            bool legal = !string.IsNullOrEmpty(name) && IsWellFormed(name);
            return TryAdd(new CatalogueDocument(), new CatalogueEntry("unit", name, 1)) == legal;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), property);
    }

    [Fact]
    public void Add_ManyEntries_AllocatesInProportion()
    {
        // Twelve times the entries may cost at most sixteen times the memory; a quadratic way would cost 144 times.
        long small = AddAndWrite(8_000);
        long large = AddAndWrite(96_000);
        Assert.True(large < small * 16, $"8,000 entries allocate {small} bytes, 96,000 allocate {large}.");
    }

    [Fact]
    public void Add_HundredThousandEntries_ComeBack()
    {
        const int Count = 100_000;
        CatalogueDocument document = Filled(Count);
        CatalogueDocument parsed = CatalogueDocument.Parse(document.ToBytes());
        Assert.Equal(Count, parsed.Entries.Count);
        Assert.Equal((ulong)Count, parsed.Find("unit", $"n{Count}")?.Token);
    }

    private static long AddAndWrite(int count)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = CatalogueDocument.Parse(Filled(count).ToBytes());
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static CatalogueDocument Filled(int count)
    {
        var document = new CatalogueDocument();
        for (int number = 1; number <= count; number++)
        {
            document.Add(new CatalogueEntry("unit", $"n{number}", (ulong)number, null, number));
        }

        return document;
    }

    private static bool TryAdd(CatalogueDocument document, CatalogueEntry entry)
    {
        try
        {
            document.Add(entry);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsWellFormed(string text)
    {
        try
        {
            _ = Strict.GetByteCount(text);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
