using LuoInterop.Litmus.Language;
using LuoInterop.Litmus.Operations;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Litmus.Tests.Language;

/// <summary>Keeps docs/litmus.md the same as the language.</summary>
public sealed class LanguagePageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "litmus.md"));

    [Fact]
    public void Page_HasARowForEveryVerb_AndNoOther()
    {
        string[] wanted = [
            .. Verbs.All.Select(static verb => $"| `{verb.Syntax.Replace("|", "\\|", StringComparison.Ordinal)}` | "
                + $"{verb.Summary.Replace("|", "\\|", StringComparison.Ordinal)} |")];
        string[] rows = [.. s_page.Split('\n').Where(static line => line.StartsWith("| `", StringComparison.Ordinal))];
        Assert.True(wanted.SequenceEqual(rows), "The rows of docs/litmus.md have to be:\n" + string.Join('\n', wanted));
    }

    /// <summary>The example is a script, and the output shown is what the emulated kernel gives.</summary>
    [Fact]
    public void Page_ShowsAnExampleWithItsOutput()
    {
        string[] blocks = s_page.Split("```");
        Assert.True(blocks.Length >= 5, "docs/litmus.md shows a script and its output in ``` blocks.");
        string script = blocks[1];
        string output = blocks[3];
        using var replay = new LuoInterop.Litmus.EmulatedReplay();
        Assert.Equal(output.Trim(), replay.Run(LuoInterop.Litmus.LitmusScript.Parse("page", script)).ToString().Trim());
    }

    [Fact]
    public void Verbs_AreNamedOnce_AndTheirSyntaxShowsThem()
    {
        Assert.Equal(Verbs.All.Count, Verbs.All.Select(static verb => verb.Name).Distinct().Count());
        foreach (Verb verb in Verbs.All)
        {
            Assert.Contains(verb.Name, verb.Syntax.Split(' '));
            Assert.Same(verb, Verbs.Find(verb.Name));
        }
    }
}
