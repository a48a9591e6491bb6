using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;
using Xunit;

namespace MiniVmm.Tests;

/// <summary>Holds docs/vmm-checklist.md: each rule names a test that there is.</summary>
public sealed partial class ChecklistTests
{
    [Fact]
    public void EveryRule_NamesATestThatExists()
    {
        string sources = string.Concat(
            Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
                .Where(static path => !path.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        string[] rows =
        [
            .. File.ReadLines(Path.Combine(Repository.Root, "docs/vmm-checklist.md"))
                .Where(static line => line.StartsWith("| ", StringComparison.Ordinal))
                .Where(static line => !line.Contains("shown by", StringComparison.Ordinal)),
        ];
        Assert.True(rows.Length >= 20, $"{rows.Length} rules");
        foreach (string row in rows)
        {
            string shown = row.TrimEnd(' ', '|').Split('|')[^1].Trim();
            if (Named().Match(shown) is { Success: true } name)
            {
                Assert.Contains($"class {name.Groups[1].Value}", sources, StringComparison.Ordinal);
                Assert.Contains($"void {name.Groups[2].Value}(", sources, StringComparison.Ordinal);
            }
            else
            {
                Assert.True(shown.StartsWith('[') || sources.Contains($"class {shown.Trim('`')}", StringComparison.Ordinal), row);
            }
        }
    }

    [GeneratedRegex(@"^`(\w+)\.(\w+)`$")]
    private static partial Regex Named();
}
