using System.Globalization;
using System.Text.RegularExpressions;

namespace LuoInterop.VmBenchmarks;

/// <summary>Reads from a kernel's console when it was told to leave, and when it left: by its own clock,
/// which is printed to the microsecond.</summary>
internal sealed partial class ConsoleClock
{
    private readonly Dictionary<int, Departure> _departures = [];
    private (int Stage, double At, ulong Cycles)? _told;

    /// <summary>Gets the departures by the kernel's stage. Of a kernel whose lines were not printed whole there is none.</summary>
    public IReadOnlyDictionary<int, Departure> Departures => _departures;

    /// <summary>Takes a line of the console.</summary>
    public void See(string line)
    {
        Match told = Told().Match(line);
        Match left = Left().Match(line);
        if (told.Success)
        {
            _told = (
                int.Parse(told.Groups[2].ValueSpan, CultureInfo.InvariantCulture),
                Seconds(told),
                ulong.Parse(told.Groups[3].ValueSpan, CultureInfo.InvariantCulture));
        }
        else if (left.Success && _told is { } last)
        {
            _departures[last.Stage] = new Departure(last.Cycles, Seconds(left) - last.At);
            _told = null;
        }
    }

    private static double Seconds(Match line) => double.Parse(line.Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    // The kernel's last words are those of kernel_kexec (kernel/kexec_core.c).
    [GeneratedRegex(@"^\[ *(\d+\.\d{6})\] kexec_core: Starting new kernel\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Left();

    [GeneratedRegex($@"^\[ *(\d+\.\d{{6}})\] {PayloadProgram.Mark} (\d{{1,5}}) (\d{{1,19}})\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Told();

    /// <summary>Is the end of one kernel.</summary>
    /// <param name="Cycles">The cycle counter before reboot(2).</param>
    /// <param name="FreezeSeconds">The time from there to the kernel's last words, of its own console's clock.</param>
    public readonly record struct Departure(ulong Cycles, double FreezeSeconds);
}
