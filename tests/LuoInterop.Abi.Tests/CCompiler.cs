using System.Globalization;
using System.Text.RegularExpressions;

namespace LuoInterop.Abi.Tests;

/// <summary>Holds what the C compiler said of a probe.</summary>
/// <param name="Accepted">Whether every assertion of the probe holds.</param>
/// <param name="Messages">The compiler's own words.</param>
/// <param name="Headers">Each header that the probe pulled in, directly or not.</param>
internal sealed record Verdict(bool Accepted, string Messages, IReadOnlyList<string> Headers)
{
    /// <summary>Gives the lines of the probe that the compiler refused, each once.</summary>
    public IReadOnlyList<int> RefusedLines(string name) =>
        [.. Regex.Matches(Messages, $@"^{Regex.Escape(name)}\.c:(\d+):\d+: error: ", RegexOptions.Multiline)
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))
            .Distinct()];

    /// <summary>Counts the static assertions that the compiler refused.</summary>
    public int FailedAssertions =>
        Messages.Split('\n').Count(line => line.Contains("error: static assertion failed", StringComparison.Ordinal));
}

/// <summary>Compiles probes: against the kernel's headers only, or against the C library's.</summary>
internal static partial class CCompiler
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static readonly Lazy<Task<string>> OwnHeaders = new(() => FindOwnHeadersAsync(Tool.Gcc));

    private static readonly Lazy<Task<string>> Arm64OwnHeaders = new(() => FindOwnHeadersAsync(Tool.Arm64Gcc));

    private static readonly Lazy<Task<string>> Arm64Headers = new(FindArm64HeadersAsync);

    /// <summary>Checks a probe against the headers of the built kernel; no other header of the machine can answer.</summary>
    public static async Task<Verdict> CheckAgainstKernelAsync(string name, string source)
    {
        using ProbeFolder folder = new(name, source);
        string[] options =
        [
            "-std=gnu11", "-Wall", "-Werror", .. await KernelIncludesAsync(),
            "-MD", "-MT", "probe", "-MF", folder.Dependencies,
            "-fsyntax-only", folder.Source,
        ];
        ToolResult result = await Tool.Gcc.RunAsync(options, Limit);
        string list = File.Exists(folder.Dependencies) ? File.ReadAllText(folder.Dependencies) : "";
        return new Verdict(result.ExitCode == 0, folder.Shorten(result.Errors), ParseHeaders(list));
    }

    /// <summary>Checks a probe for arm64: against the built kernel's headers, with arm64's <c>asm/</c> instead of x86's.</summary>
    public static async Task<Verdict> CheckAgainstArm64Async(string name, string source)
    {
        using ProbeFolder folder = new(name, source);
        File.CreateSymbolicLink(Path.Combine(folder.Architecture, "asm"), await Arm64Headers.Value);
        string kernel = await KernelHeaders.GetAsync();
        string[] options =
        [
            "-std=gnu11", "-Wall", "-Werror", "-nostdinc", "-isystem", await Arm64OwnHeaders.Value,
            "-isystem", folder.Architecture, "-isystem", kernel,
            "-MD", "-MT", "probe", "-MF", folder.Dependencies,
            "-fsyntax-only", folder.Source,
        ];
        ToolResult result = await Tool.Arm64Gcc.RunAsync(options, Limit);
        string list = File.Exists(folder.Dependencies) ? File.ReadAllText(folder.Dependencies) : "";
        IReadOnlyList<string> headers = ParseHeaders(list);
        Assert.DoesNotContain(headers, header => IsInside(header, Path.Combine(kernel, "asm")));
        return new Verdict(result.ExitCode == 0, folder.Shorten(result.Errors), headers);
    }

    /// <summary>Tells whether arm64 has a header <c>asm/NAME</c>.</summary>
    public static async Task<bool> Arm64HasAsync(string header) =>
        File.Exists(Path.Combine(await Arm64Headers.Value, Path.GetFileName(header)));

    /// <summary>Checks a probe against the C library's headers of a compiler.</summary>
    public static async Task<Verdict> CheckAgainstLibcAsync(Tool compiler, string name, string source)
    {
        using ProbeFolder folder = new(name, source);
        ToolResult result = await compiler.RunAsync(["-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", folder.Source], Limit);
        return new Verdict(result.ExitCode == 0, folder.Shorten(result.Errors), []);
    }

    /// <summary>Asserts that a probe holds, and that it was the kernel's headers that answered.</summary>
    public static async Task AssertHoldsAgainstKernelAsync(string name, string source)
    {
        Verdict verdict = await CheckAgainstKernelAsync(name, source);
        Assert.True(verdict.Accepted, $"The kernel's headers disagree:\n{verdict.Messages}");
        string kernel = await KernelHeaders.GetAsync();
        string compiler = await OwnHeaders.Value;
        Assert.Contains(verdict.Headers, header => IsInside(header, kernel));
        Assert.DoesNotContain(verdict.Headers, header => !IsInside(header, kernel) && !IsInside(header, compiler));
    }

    /// <summary>Lists the macros that a header of the built kernel leaves defined.</summary>
    public static async Task<IReadOnlyList<string>> ListKernelMacrosAsync(string header)
    {
        using ProbeFolder folder = new("macros", $"#include <{header}>\n");
        ToolResult result = await Tool.Gcc.RunAsync([.. await KernelIncludesAsync(), "-E", "-dM", folder.Source], Limit);
        Assert.True(result.ExitCode == 0, folder.Shorten(result.Errors));
        return [.. MacroName().Matches(result.Output).Select(match => match.Groups[1].Value)];
    }

    /// <summary>Compiles a probe with the C library's headers and lists the symbols that the linker would have to find.</summary>
    public static async Task<IReadOnlyList<string>> ListUndefinedSymbolsAsync(string name, string source)
    {
        using ProbeFolder folder = new(name, source);
        // Position-independent code would add the name of its own table.
        // A parameter that the header calls an array is a pointer all the same.
        string[] options = [
            "-std=gnu11", "-Wall", "-Werror", "-Wno-array-parameter", "-O0", "-fno-builtin", "-fno-pic", "-c", folder.Source, "-o",
            folder.Object];
        ToolResult compiled = await Tool.Gcc.RunAsync(options, Limit);
        Assert.True(
            compiled.ExitCode == 0,
            "The C library's headers disagree (a missing header is in: apt-get install "
            + $"{Tool.Gcc.Package}):\n{folder.Shorten(compiled.Errors)}");
        ToolResult symbols = await Tool.Nm.RunAsync(["--undefined-only", "--format=posix", folder.Object], Limit);
        Assert.True(symbols.ExitCode == 0, symbols.Errors);
        return [.. symbols.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])];
    }

    private static async Task<string[]> KernelIncludesAsync() =>
        ["-nostdinc", "-isystem", await OwnHeaders.Value, "-isystem", await KernelHeaders.GetAsync()];

    // Where asm/unistd.h lies differs between releases of Debian: the compiler itself says which one it takes.
    private static async Task<string> FindArm64HeadersAsync()
    {
        using ProbeFolder folder = new("where", "#include <asm/unistd.h>\n");
        ToolResult result = await Tool.Arm64Gcc.RunAsync(["-M", "-MT", "probe", folder.Source], Limit);
        Assert.True(result.ExitCode == 0, $"arm64's headers are missing (apt-get install {Tool.Arm64Gcc.Package}):\n{result.Errors}");
        return Path.GetDirectoryName(
            ParseHeaders(result.Output).First(header => header.EndsWith("/asm/unistd.h", StringComparison.Ordinal)))!;
    }

    private static async Task<string> FindOwnHeadersAsync(Tool compiler)
    {
        ToolResult result = await compiler.RunAsync(["-print-file-name=include"], Limit);
        string folder = result.Output.TrimEnd('\n');
        Assert.True(File.Exists(Path.Combine(folder, "stddef.h")), $"gcc's own headers are not in '{folder}'. {result.Errors}");
        return folder;
    }

    private static bool IsInside(string file, string folder) =>
        Path.GetFullPath(file).StartsWith(Path.GetFullPath(folder) + '/', StringComparison.Ordinal);

    // A make rule, "probe: source header header \": a backslash escapes a space inside a name and joins lines.
    private static List<string> ParseHeaders(string rule) =>
        [.. MakeWord().Matches(rule.Replace("\\\n", " ", StringComparison.Ordinal))
            .Skip(2)
            .Select(match => match.Value.Replace("\\ ", " ", StringComparison.Ordinal))];

    [GeneratedRegex(@"(?:\\ |\S)+")]
    private static partial Regex MakeWord();

    [GeneratedRegex(@"^#define (\w+)", RegexOptions.Multiline)]
    private static partial Regex MacroName();

    /// <summary>Holds one probe's files and removes them.</summary>
    private sealed class ProbeFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("luointerop-abi-");

        public ProbeFolder(string name, string source)
        {
            Source = Path.Combine(_folder.FullName, name + ".c");
            File.WriteAllText(Source, source);
        }

        public string Source { get; }

        /// <summary>Gets an empty folder for headers that come before the kernel's.</summary>
        public string Architecture => Directory.CreateDirectory(Path.Combine(_folder.FullName, "include")).FullName;

        public string Object => Source + ".o";

        public string Dependencies => Source + ".d";

        public string Shorten(string messages) => messages.Replace(_folder.FullName + '/', "", StringComparison.Ordinal);

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
