using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Tests.SourceTree;

/// <summary>Holds the pages to the tree: what they link and name is there.</summary>
public sealed partial class PagesTests
{
    [Fact]
    public void LinkOfAPage_LeadsToAFileAndAHeading()
    {
        var broken = new List<string>();
        foreach (string page in ProjectFiles.Of(".md"))
        {
            foreach (Match match in Link().Matches(Text(page)))
            {
                string[] parts = match.Groups[1].Value.Split('#');
                string target = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
                bool leads =
                    parts.Length == 1 ? Path.Exists(Full(target)) : File.Exists(Full(target)) && Anchors(target).Contains(parts[1]);
                if (!leads)
                {
                    broken.Add($"{page}: {match.Groups[1].Value}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void PathThatContributingNames_IsThere()
    {
        string[] paths = [.. PathInText().Matches(Text("CONTRIBUTING.md")).Select(static match => match.Groups[1].Value)];
        Assert.True(paths.Length > 30, $"{paths.Length} paths");

        Assert.All(paths.Where(static path => !path.Contains(".X.", StringComparison.Ordinal)), static path =>
            Assert.True(Path.Exists(Full(path)), path));
    }

    [Fact]
    public void FolderOfTheTree_HasALineInContributing()
    {
        string layout = Text("CONTRIBUTING.md").Split("\n## ")[1];
        IEnumerable<string> folders = ProjectFiles.All().Select(static path => path.Split('/'))
            .Where(static parts => parts.Length > 1 && !parts[0].StartsWith('.'))
            .Select(static parts => parts[0] == "src" ? $"src/{parts[1]}" : parts[0])
            .Distinct();

        Assert.All(folders, folder => Assert.Contains($"`{folder}", layout, StringComparison.Ordinal));
    }

    /// <summary>Gives the names by which links name the headings of a page.</summary>
    private static IEnumerable<string> Anchors(string page) =>
        Heading().Matches(Text(page))
            .Select(static match => NotInAnchor().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    private static string Text(string page) => File.ReadAllText(Full(page));

    private static string Full(string path) => Path.Combine(Repository.Root, path);

    [GeneratedRegex(@"\]\((?!https?:)([^)\s]*)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`((?:src|tests|docs|bench|samples|native|eng)(?:/[A-Za-z0-9_.-]+)*)`")]
    private static partial Regex PathInText();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("[^a-z0-9 _-]")]
    private static partial Regex NotInAnchor();
}
