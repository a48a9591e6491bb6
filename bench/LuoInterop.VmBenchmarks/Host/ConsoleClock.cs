using System.Globalization;
using System.Text.RegularExpressions;

namespace LuoInterop.VmBenchmarks;

/// <summary>Reads from a kernel's console when it was told to leave, and when it left: by its own clock, which is printed to the microsecond.</summary>
internal sealed partial class ConsoleClock
{
    private const string LastWords = "Starting new kernel";
    private readonly List<Departure> _departures = [];
    private (double At, ulong Cycles)? _told;

    /// <summary>Gets the departures in order: one of each kernel but the last.</summary>
    public IReadOnlyList<Departure> Departures => _departures;

    /// <summary>Takes a line of the console.</summary>
    public void See(string line)
    {
        Match match = Stamped().Match(line);
        if (!match.Success)
        {
            return;
        }

        double at = double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        string text = match.Groups[2].Value;
        if (text.StartsWith(PayloadProgram.Mark + " ", StringComparison.Ordinal))
        {
            _told = (at, ulong.Parse(text.AsSpan(PayloadProgram.Mark.Length + 1), CultureInfo.InvariantCulture));
        }
        else if (_told is { } told && text.EndsWith(LastWords, StringComparison.Ordinal))
        {
            _departures.Add(new Departure(told.Cycles, at - told.At));
            _told = null;
        }
    }

    [GeneratedRegex(@"^\[ *(\d+\.\d+)\] (.*?)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Stamped();

    /// <summary>Is the end of one kernel.</summary>
    /// <param name="Cycles">The cycle counter before reboot(2).</param>
    /// <param name="FreezeSeconds">The time from there to the kernel's last words, of its own console's clock.</param>
    public readonly record struct Departure(ulong Cycles, double FreezeSeconds);
}
