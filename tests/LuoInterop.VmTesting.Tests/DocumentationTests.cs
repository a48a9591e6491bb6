using System.Text.RegularExpressions;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Keeps the documentation's C# the code that the tests run.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Examples_AreTheTestsOwnCode()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "docs", "vm-testing.md")))
        {
            root = Path.GetDirectoryName(root) ?? throw new DirectoryNotFoundException("docs/vm-testing.md is not above the tests.");
        }

        string code = Squeeze(string.Concat(
            File.ReadAllText(Path.Combine(root, "tests/LuoInterop.VmTesting.Tests/KexecTests.cs")),
            File.ReadAllText(Path.Combine(root, "tests/LuoInterop.Systemd.VmTests/RootFixture.cs")),
            File.ReadAllText(Path.Combine(root, "tests/programs/LuoInterop.VmTesting.Payload/Program.cs"))));
        MatchCollection examples = Example().Matches(File.ReadAllText(Path.Combine(root, "docs", "vm-testing.md")));
        Assert.Equal(4, examples.Count);
        Assert.All(examples, example => Assert.Contains(Squeeze(example.Groups[1].Value), code, StringComparison.Ordinal));
    }

    private static string Squeeze(string text) => Space().Replace(text, " ");

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("\\s+")]
    private static partial Regex Space();
}
