using System.Globalization;

namespace LuoInterop.Benchmarks;

/// <summary>Writes figures for people.</summary>
internal static class Figures
{
    private const double Kilo = 1000;

    /// <summary>Writes a time in nanoseconds in the unit that suits it, with three digits that count.</summary>
    public static string Time(double nanoseconds)
    {
        string unit = "ns";
        foreach (string larger in new[] { "us", "ms", "s" })
        {
            if (nanoseconds < Kilo)
            {
                break;
            }

            nanoseconds /= Kilo;
            unit = larger;
        }

        return $"{Digits(nanoseconds)} {unit}";
    }

    /// <summary>Writes a number of bytes; whole MiB and GiB as such.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        >= 1L << 30 when bytes % (1L << 30) == 0 => Invariant($"{bytes / (1L << 30):N0} GiB"),
        >= 1L << 20 when bytes % (1L << 20) == 0 => Invariant($"{bytes / (1L << 20):N0} MiB"),
        >= 1L << 10 when bytes % (1L << 10) == 0 => Invariant($"{bytes / (1L << 10):N0} KiB"),
        _ => Invariant($"{bytes:N0} B"),
    };

    /// <summary>Writes a number with three digits that count, and thousands apart.</summary>
    public static string Digits(double number) => number switch
    {
        >= 100 => Invariant($"{number:N0}"),
        >= 10 => Invariant($"{number:F1}"),
        >= 0.1 => Invariant($"{number:F2}"),
        _ => Invariant($"{number:G3}"),
    };

    /// <summary>Writes what a row was measured with.</summary>
    public static string Parameters(ResultRow row) => string.Join(
        ", ",
        row.Parameters.Select(static parameter => parameter.Value.ValueKind != System.Text.Json.JsonValueKind.Number
            ? parameter.Value.ToString()
            : parameter.Key switch
            {
                "size" => Bytes(parameter.Value.GetDouble()),
                "folio" => Bytes(parameter.Value.GetDouble()) + " folios",
                _ => Invariant($"{parameter.Value.GetDouble():N0} {parameter.Key}"),
            }));

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
