using System.Globalization;

namespace LuoInterop.VmBenchmarks;

/// <summary>Says how much a live update carries.</summary>
/// <param name="Bytes">The bytes of each file.</param>
/// <param name="HugeFolios">Whether the files are of folios of 2 MiB, not of 4 KiB.</param>
/// <param name="Sessions">The number of sessions; 0 carries nothing.</param>
/// <param name="Files">The number of files of each session.</param>
public readonly record struct UpdateSize(long Bytes, bool HugeFolios, int Sessions, int Files)
{
    /// <summary>The size of a page in bytes.</summary>
    public const int Page = 4096;

    /// <summary>Gets the words that <see cref="Parse"/> reads.</summary>
    public string Words => string.Create(CultureInfo.InvariantCulture, $"{Bytes}:{(HugeFolios ? "huge" : "4k")}:{Sessions}:{Files}");

    /// <summary>Gets the bytes of all files.</summary>
    public long Total => Bytes * Sessions * Files;

    /// <summary>Reads what <see cref="Words"/> gives.</summary>
    public static UpdateSize Parse(ReadOnlySpan<string> words) => new(
        long.Parse(words[0], CultureInfo.InvariantCulture),
        words[1] == "huge",
        int.Parse(words[2], CultureInfo.InvariantCulture),
        int.Parse(words[3], CultureInfo.InvariantCulture));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Sessions} x {Files} files of {(Bytes >= 1 << 20 ? $"{Bytes >> 20} MiB" : $"{Bytes >> 10} KiB")} in folios of "
        + $"{(HugeFolios ? "2 MiB" : "4 KiB")}");
}
