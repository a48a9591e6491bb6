using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;

namespace LuoInterop.Emulation.Tests;

/// <summary>Proves that the table of folios answers like a plain list of them.</summary>
public class FolioTableTests
{
    private const ulong Pages = 1 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomRuns_AreFoundByEachOfTheirFrames_AndEnumeratedByAddress(int seed)
    {
        var random = new Random(seed);
        var table = new FolioTable(Pages);
        var model = new List<FolioRange>();
        for (int step = 0; step < 2000; step++)
        {
            if (model.Count > 0 && random.Next(3) == 0)
            {
                FolioRange gone = model[random.Next(model.Count)];
                model.Remove(gone);
                table.Remove(gone);
                Assert.Null(table.Find(gone.FirstPfn));
                continue;
            }

            ulong count = (ulong)(random.Next(4) == 0 ? random.Next(1, 3000) : random.Next(1, 4));
            ulong first = (ulong)random.NextInt64((long)(Pages - count));
            first = random.Next(2) == 0 ? first & ~511UL : first;
            if (!model.Exists(range => first < range.FirstPfn + range.PageCount && range.FirstPfn < first + count))
            {
                var added = new FolioRange(first, count, HostFile.Own(-1));
                model.Add(added);
                table.Add(added);
            }
        }

        Assert.True(model.Count > 100, "runs are left to look at");
        Assert.Equal(model.OrderBy(static range => range.FirstPfn), table);
        foreach (FolioRange range in model)
        {
            Assert.All(
                new[] { range.FirstPfn, range.FirstPfn + (range.PageCount / 2), range.FirstPfn + range.PageCount - 1 },
                pfn => Assert.Same(range, table.Find(pfn)));
            ulong after = range.FirstPfn + range.PageCount;
            Assert.Equal(model.Find(other => other.FirstPfn == after), table.Find(after));
        }

        for (int i = 0; i < 1000; i++)
        {
            ulong first = (ulong)random.NextInt64((long)Pages);
            ulong end = first + (ulong)random.Next(1, 100_000);
            Assert.Equal(model.Exists(range => first < range.FirstPfn + range.PageCount && range.FirstPfn < end), table.Any(first, end));
        }

        Assert.False(table.Any(Pages, ulong.MaxValue));
        Assert.Null(table.Find(Pages));
        Assert.Null(table.Find(ulong.MaxValue));
        foreach (FolioRange range in table)
        {
            table.Remove(range);
        }

        Assert.Empty(table);
    }
}
