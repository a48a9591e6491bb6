using System.Globalization;

namespace MiniVmm.Commands;

/// <summary>Reads and writes sizes of memory as people do.</summary>
internal static class ByteSize
{
    private const int Page = 4096;

    /// <summary>Reads a size: a whole number, and K, M or G for KiB, MiB or GiB. Without a letter it is MiB.</summary>
    /// <returns>What is wrong; null where nothing is.</returns>
    public static string? TryParse(string text, out long bytes)
    {
        bytes = 0;
        string trimmed = text.Trim();
        int shift = trimmed.Length == 0 ? 0 : char.ToUpperInvariant(trimmed[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        string digits = shift == 0 ? trimmed : trimmed[..^1];
        shift = shift == 0 ? 20 : shift;
        if (digits.Length == 0 || !digits.All(char.IsAsciiDigit))
        {
            return $"'{text}' is no size: a whole number and K, M or G, as in 512M";
        }

        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > long.MaxValue >> shift)
        {
            return $"'{text}' is more memory than there can be";
        }

        bytes = number << shift;
        return bytes == 0 ? "a guest without memory cannot begin"
            : bytes % Page != 0 ? $"'{text}' is not a multiple of {Page} bytes"
            : null;
    }

    /// <summary>Writes a size in the largest unit in which it is whole, or nearly where that would be a long number.</summary>
    public static string Format(long bytes) => bytes switch
    {
        0 => "-",
        >= 10_000L << 20 => Format(bytes >> 30, "G"),
        _ when bytes % (1L << 30) == 0 => Format(bytes >> 30, "G"),
        _ when bytes % (1L << 20) == 0 => Format(bytes >> 20, "M"),
        _ => Format(bytes >> 10, "K"),
    };

    private static string Format(long number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{number}{unit}");
}
