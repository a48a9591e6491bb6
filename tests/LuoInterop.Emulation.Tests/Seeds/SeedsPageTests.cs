using System.Text.RegularExpressions;
using LuoInterop.Kvm;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Tests.Seeds;

/// <summary>Holds docs/seeds.md and the tests together: it names tests that exist, and every test that is named after a seed.</summary>
public sealed partial class SeedsPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "seeds.md"));

    // Class.Method, by the sources of all tests.
    private static readonly HashSet<string> s_tests = [.. Directory
        .EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
        .Where(static path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Select(File.ReadAllText)
        .SelectMany(static source => ClassName().Match(source) is { Success: true } type
            ? TestMethod().Matches(source).Select(method => $"{type.Groups[1].Value}.{method.Groups[1].Value}")
            : [])];

    [Fact]
    public void EveryNamedTest_Exists()
    {
        string[] named = [.. NamedTest().Matches(s_page).Select(static match => match.Groups[1].Value)];
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(s_tests));
    }

    [Fact]
    public void EveryTestOfASeed_IsNamed() =>
        Assert.Equal([], s_tests.Where(static test => SeedTest().IsMatch(test) && !s_page.Contains($"`{test}`", StringComparison.Ordinal)).Order());

    [GeneratedRegex(@"class (\w+Tests)\b")]
    private static partial Regex ClassName();

    [GeneratedRegex(@"public (?:async Task|void|static void|unsafe void) (\w+)\(")]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"^(?!KvmDeviceTests).*\.(?:Seed\d|Problem\d|Case\d|GuestMemfd)")]
    private static partial Regex SeedTest();
}
