using System.Globalization;
using LuoInterop.VmTesting;

namespace LuoInterop.VmBenchmarks;

/// <summary>Sends numbers to the host, and reads them there.</summary>
internal static class Samples
{
    /// <summary>Sends one or more numbers under a name.</summary>
    public static void Send(Guest guest, string name, params ReadOnlySpan<double> numbers)
    {
        string[] words = new string[numbers.Length];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = numbers[i].ToString("R", CultureInfo.InvariantCulture);
        }

        guest.Value(name, string.Join(' ', words));
    }

    /// <summary>Reads what was sent.</summary>
    /// <exception cref="FormatException">The text is not what <see cref="Send"/> makes.</exception>
    public static double[] Parse(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static word => double.Parse(word, CultureInfo.InvariantCulture))];
}
