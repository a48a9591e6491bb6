namespace LuoInterop.Tests.Catalogue;

/// <summary>Proves that no bytes whatsoever make the reader fail in another way than by naming a fault.</summary>
public class CatalogueFuzzTests
{
    private const int Rounds = 4_000;

    private static readonly byte[][] Snippets =
    [
        "{"u8.ToArray(), "}"u8.ToArray(), "["u8.ToArray(), "]"u8.ToArray(), "\""u8.ToArray(), "null"u8.ToArray(), "-1"u8.ToArray(),
        "1e400"u8.ToArray(), "18446744073709551616"u8.ToArray(), "\\ud800"u8.ToArray(), "\\u0000"u8.ToArray(), [0xff], [0xc0, 0x80], [0],
        "\"type\":\"fd\""u8.ToArray(), "\"luointerop\":{}"u8.ToArray(), "\"units\":{}"u8.ToArray(), ","u8.ToArray(), ":"u8.ToArray(),
    ];

    public static TheoryData<int> Seeds { get; } = [1, 2, 3, 20_240_229, Random.Shared.Next()];

    [Theory]
    [MemberData(nameof(Seeds), DisableDiscoveryEnumeration = true)]
    public void Parse_AnyBytes_EndsInADocumentOrANamedFault(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = Damaged(random);
            try
            {
                CatalogueDocument document = CatalogueDocument.Parse(bytes);

                // What was accepted must be writable, and be the same when it is read again.
                byte[] written = document.WithoutEntries().ToBytes();
                Assert.Empty(CatalogueDocument.Parse(written).Entries);
                Assert.Equal(document.Entries, CatalogueDocument.Parse(document.ToBytes()).Entries);
            }
            catch (SessionCatalogueException error) when (Enum.IsDefined(error.Fault))
            {
                // The answer for damaged bytes.
            }
            catch (Exception error)
            {
                Assert.Fail($"Seed {seed}, round {round}, document {Convert.ToBase64String(bytes)}: {error}");
            }
        }
    }

    private static byte[] Damaged(Random random)
    {
        List<byte> bytes = [.. random.Next(3) switch
        {
            0 => Texts.Small().ToBytes(),
            1 => Texts.Bytes(Texts.Systemd),
            _ => "{\"version\":1,\"x\":[{}],\"units\":{\"u\":{\"fdstore\":[]}}}"u8.ToArray(),
        }];
        for (int change = random.Next(1, 6); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at + 1));
                    break;
                case 2:
                    bytes.InsertRange(at, Snippets[random.Next(Snippets.Length)]);
                    break;
                case 3:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, random.Next(bytes.Count - at)));
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        // Half of those that still have room for a header get one that fits, so that the reader gets past it.
        byte[] result = [.. bytes];
        return result.Length > Texts.HeaderEnd && random.Next(2) == 0 ? Texts.Seal(result) : result;
    }
}
