using System.Text.RegularExpressions;
using LuoInterop.KernelImages;

namespace LuoInterop.Abi.Tests;

/// <summary>Reads the sources for numbers of the kernel's that no probe can find: those without a declaration in a header class.</summary>
public sealed partial class SourceTests
{
    // Not system calls: what a kernel hands over, libfdt's own answers, dumps, and the command line's length, which no header for programs
    // has.
    private static readonly string[] s_formats =
    [
        "src/LuoInterop.Kho/", "src/LuoInterop.Emulation/Kho/LinuxFdt.cs", "src/LuoInterop.MemoryImages/Formats/KdumpHeader.cs",
        "src/LuoInterop.KernelImages/KernelParameter.cs",
    ];

    [Fact]
    public void NumberWithACName_IsDeclaredInAHeaderClass()
    {
        List<string> found = [];
        foreach ((string file, string text) in Sources("src"))
        {
            if (!file.Contains("/Interop/", StringComparison.Ordinal)
                && !s_formats.Any(format => file.StartsWith(format, StringComparison.Ordinal)))
            {
                found.AddRange(CNamedNumber().Matches(text).Select(match => $"{file}: {match.Value}"));
            }
        }

        Assert.Empty(found);
    }

    /// <summary>A test that states such a number itself would hold on one architecture only.</summary>
    [Fact]
    public void NumberThatDiffersByArchitecture_IsStatedOnce()
    {
        HashSet<string> chosen =
            [.. AbiTable.Constants.SelectMany(entry => Probe.ConstantFields(entry.Type)).Where(Probe.IsChosen).Select(field => field.Name)];
        Assert.NotEmpty(chosen);
        List<string> found = [];
        foreach ((string file, string text) in ((string[])["src", "tests", "bench", "samples"]).SelectMany(Sources))
        {
            found.AddRange(CNamedNumber()
                .Matches(text)
                .Where(match => chosen.Contains(match.Groups[1].Value))
                .Select(match => $"{file}: {match.Value}"));
        }

        Assert.Empty(found);
    }

    /// <summary>Counts and flags of 0, and one of something, need no name; everything else does.</summary>
    [Fact]
    public void LiteralHandedToAnImport_IsZeroOrOne()
    {
        int calls = 0;
        List<string> found = [];
        foreach ((string file, string text) in Sources("src"))
        {
            foreach (Match call in Import().Matches(text))
            {
                calls++;
                string arguments = Arguments(text, call.Index + call.Length);
                found.AddRange(Literal()
                    .Matches(arguments)
                    .Where(literal => literal.Value is not ("0" or "1"))
                    .Select(literal => $"{file}: {call.Value}{arguments})"));
            }
        }

        Assert.InRange(calls, 50, int.MaxValue);
        Assert.Empty(found);
    }

    private static string Arguments(string text, int start)
    {
        int depth = 1;
        int end = start;
        while (depth > 0)
        {
            depth += text[end++] switch { '(' => 1, ')' => -1, _ => 0 };
        }

        return StringLiteral().Replace(text[start..(end - 1)], "");
    }

    private static IEnumerable<(string File, string Text)> Sources(string folder)
    {
        string root = KernelHeaders.RepositoryRoot();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(root, file);
            if (!name.Contains("/obj/", StringComparison.Ordinal)
                && !name.Contains("/bin/", StringComparison.Ordinal)
                && !name.Contains("/Interop/", StringComparison.Ordinal))
            {
                yield return (name, File.ReadAllText(file));
            }
        }
    }

    // const int O_X = 0x8000, and further ones in the same declaration; a value that is made of other names is not a number.
    [GeneratedRegex(@"(?<=\bconst u?(?:int|long|short|byte|nint) [^;]*)\b([A-Z][A-Z0-9]*_[A-Z0-9_]*|E[A-Z0-9]+) = -?\d[\w]*")]
    private static partial Regex CNamedNumber();

    [GeneratedRegex(@"\b(?:LibC|[A-Z]\w+Header)\.[a-z]\w*\(")]
    private static partial Regex Import();

    [GeneratedRegex(@"(?<![\w.])\d[\w.]*")]
    private static partial Regex Literal();

    [GeneratedRegex("\\$?\"[^\"]*\"")]
    private static partial Regex StringLiteral();
}
