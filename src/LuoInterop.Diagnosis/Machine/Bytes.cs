using System.Globalization;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Writes numbers of bytes for people.</summary>
internal static class Bytes
{
    public static string Text(ulong bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        int unit = 0;
        double value = bytes;
        for (; value >= 1024 && unit < units.Length - 1; unit++)
        {
            value /= 1024;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }
}
