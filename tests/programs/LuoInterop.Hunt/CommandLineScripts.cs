using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LuoInterop.Litmus;

namespace LuoInterop.Hunt;

/// <summary>Generates scripts that boot kernel after kernel with command lines in which quotes, dashes,
/// spaces and odd values stand where they should not.</summary>
public static class CommandLineScripts
{
    private const int PerScript = 20;
    private const int MostParts = 14;

    private static readonly string[] Parts =
    [
        "kho=on", "liveupdate=on", "liveupdate=on", "liveupdate=off", "liveupdate=enable", "liveupdate=disabled", "kho=disabled",
        "kho=Enabled", "kho=0", "liveupdate=Y",
        "liveupdate=o", "liveupdate=", "liveupdate", "kho", "live-update=on", "kho_scratch=16M,16M,16M", "kho-scratch=0x8M,x", "x=",
        "kho.x=on", "--", "--x", "-- ",
        "=", "\"", "\"", "\"", " ", " ", " ", " ", "  ", "\t", "\n", "\v", "\u00a0", "\u00e0", "\u00e1", "\u001c", "a", "-", "_",
        "liveupdate=\"on\"", "\"liveupdate=on\"", "\"kho=off", "x=\"a b\"",
    ];

    private static readonly Gen<string> Line =
        from length in Gen.Choose(1, MostParts)
        from parts in Gen.ArrayOf(Gen.Elements(Parts), length)
        select Escaped(string.Concat(parts));

    private static readonly Gen<string> Script =
        from lines in Gen.ArrayOf(Line, PerScript)
        select string.Concat(lines.Select(static line => $"kexec cmdline=\"{line}\"\nd = open\n"));

    /// <summary>Generates the scripts of a seed, for as many command lines, rounded up to whole scripts.</summary>
    public static IEnumerable<LitmusScript> Generate(ulong seed, int lines) =>
        Script.Sample((lines + PerScript - 1) / PerScript, new Rnd(seed), 50)
            .Select((text, i) => LitmusScript.Parse($"seed {seed}, command lines {i}", text));

    private static string Escaped(string line)
    {
        var text = new StringBuilder();
        foreach (byte letter in Encoding.UTF8.GetBytes(line))
        {
            text.Append(letter is >= (byte)' ' and <= (byte)'~' and not (byte)'"' and not (byte)'\\' and not (byte)'#'
                ? ((char)letter).ToString()
                : string.Create(CultureInfo.InvariantCulture, $"\\x{letter:x2}"));
        }

        return text.ToString();
    }
}
