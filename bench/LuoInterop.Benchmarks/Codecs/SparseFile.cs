using LuoInterop.Kho.Abi;

namespace LuoInterop.Benchmarks;

/// <summary>Makes the folios of a file with holes.</summary>
internal static class SparseFile
{
    private const int RandomFolios = 1000;
    private const long PagesOfTiB = 1L << 28;

    /// <summary>Gives the folios in the file's order, each of one page.</summary>
    public static MemfdLuoFolioSer[] Folios(FolioPlacement placement)
    {
        IEnumerable<ulong> positions = placement == FolioPlacement.RandomInTiB
            ? Random()
            : Enumerable.Range(0, Scale.Folios).Select(i => (ulong)i * Stride(placement));
        return [.. positions.Select(static (position, i) => new MemfdLuoFolioSer((ulong)i + 1, 3, position))];
    }

    private static ulong Stride(FolioPlacement placement) => placement switch
    {
        FolioPlacement.Dense => 1,
        FolioPlacement.EverySecond => 2,
        FolioPlacement.OneIn64 => 64,
        FolioPlacement.OneIn512 => 512,
        FolioPlacement.OneIn262144 => 262_144,
        _ => throw new ArgumentOutOfRangeException(nameof(placement)),
    };

    private static SortedSet<ulong> Random()
    {
        var random = new Random(1);
        var positions = new SortedSet<ulong>();
        while (positions.Count < RandomFolios)
        {
            positions.Add((ulong)random.NextInt64(PagesOfTiB));
        }

        return positions;
    }
}
