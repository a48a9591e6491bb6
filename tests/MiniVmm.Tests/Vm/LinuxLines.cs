using System.Globalization;
using System.Text.RegularExpressions;
using LuoInterop.VmTesting;
using MiniVmm.Guests;

namespace MiniVmm.Tests.Vm;

/// <summary>Reads what the Linux guest wrote to its console.</summary>
internal static partial class LinuxLines
{
    private const string Prefix = LinuxProgram.Kind + " | ";

    /// <summary>Gets the lines.</summary>
    public static IEnumerable<string> Of(VmResult result) => result.StandardOutput.Split('\n')
        .Where(static line => line.StartsWith(Prefix, StringComparison.Ordinal)).Select(static line => line[Prefix.Length..]);

    /// <summary>Gets the numbers of the numbered ones, in the order in which they came.</summary>
    public static int[] Numbers(VmResult result) =>
    [
        .. Of(result).Select(static line => Numbered().Match(line)).Where(static match => match.Success)
            .Select(static match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)),
    ];

    [GeneratedRegex(@"^line (\d+)$")]
    private static partial Regex Numbered();
}
