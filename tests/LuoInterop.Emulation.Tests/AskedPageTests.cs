using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Tests;

/// <summary>Holds docs/asked.md and the tests together: it names tests that exist, and every test of what was asked.</summary>
public sealed partial class AskedPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "asked.md"));

    // The sources of all tests.
    private static readonly string[] s_sources = [.. Directory
        .EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
        .Where(static path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Select(File.ReadAllText)];

    private static readonly HashSet<string> s_tests = [.. Named(TestMethod())];

    [Fact]
    public void EveryNamedTest_Exists()
    {
        string[] named = [.. NamedTest().Matches(s_page).Select(static match => match.Groups[1].Value)];
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(s_tests));
    }

    [Fact]
    public void EveryTestOfWhatWasAsked_IsNamed()
    {
        string[] marked = [.. Named(MarkedMethod())];
        Assert.NotEmpty(marked);
        Assert.Equal([], s_tests.Where(static test => PostedTest().IsMatch(test)).Concat(marked)
            .Where(static test => !s_page.Contains($"`{test}`", StringComparison.Ordinal)).Order());
    }

    // Class.Method.
    private static IEnumerable<string> Named(Regex method) => s_sources.SelectMany(source =>
        ClassName().Match(source) is { Success: true } type
        ? method.Matches(source).Select(found => $"{type.Groups[1].Value}.{found.Groups[1].Value}")
        : []);

    [GeneratedRegex(@"class (\w+Tests)\b")]
    private static partial Regex ClassName();

    [GeneratedRegex(@"public (?:async Task|void|static void|unsafe void) (\w+)\(")]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex NamedTest();

    // Marked by a trait, which is the last line before the method.
    [GeneratedRegex(@"\[Trait\(""Asked"", ""\w+""\)\]\s+public (?:async Task|void|static void|unsafe void) (\w+)\(")]
    private static partial Regex MarkedMethod();

    [GeneratedRegex(@"^(?!KvmDeviceTests).*\.(?:Problem\d|Case\d|GuestMemfd)")]
    private static partial Regex PostedTest();
}
