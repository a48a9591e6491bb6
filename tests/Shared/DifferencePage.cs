namespace LuoInterop.Tests.Shared;

/// <summary>Holds a page of docs and the table of differences that code makes for it together; LUO_ACCEPT_DIFFERENCES=1 writes the page
/// anew.</summary>
internal static class DifferencePage
{
    /// <summary>Asserts that a page has a text between <c>&lt;!-- name: begin --&gt;</c> and <c>&lt;!-- name: end --&gt;</c>.</summary>
    public static void AssertHas(string file, string name, string table)
    {
        string path = Path.Combine(Repository.Root, "docs", file);
        string page = File.ReadAllText(path), begin = $"<!-- {name}: begin -->\n";
        int from = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        int to = page.IndexOf($"<!-- {name}: end -->\n", StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"docs/{file} has no place for the table.");
        string expected = page[..from] + table + page[to..];
        if (Environment.GetEnvironmentVariable("LUO_ACCEPT_DIFFERENCES") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.True(
            expected == File.ReadAllText(path), $"docs/{file} does not have the table of differences. 'make differences' writes it anew.");
    }
}
