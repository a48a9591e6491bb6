using LuoInterop.Litmus;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Litmus.Tests.Scripts;

/// <summary>Finds the scripts of <c>tests/litmus</c>.</summary>
internal static class ScriptFiles
{
    /// <summary>Gets the folder of the scripts.</summary>
    private static string Folder { get; } = Path.Combine(Repository.Root, "tests", "litmus");

    /// <summary>Gets the scripts' paths below <c>tests/litmus</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Directory
        .EnumerateFiles(Folder, "*.luo", SearchOption.AllDirectories)
        .Select(static path => Path.GetRelativePath(Folder, path))
        .Order(StringComparer.Ordinal)];

    /// <summary>Gets the paths of the scripts that Linux can follow: all but those of previews, which Linux does not have.</summary>
    public static IReadOnlyList<string> OfLinux { get; } = [.. Names.Where(static name => Read(name).EmulatedOnly is null)];

    /// <summary>Replays those that Linux can follow: what was observed, by their paths.</summary>
    public static async Task<IReadOnlyDictionary<string, LitmusResult>> ReplayAsync(
        Func<IReadOnlyList<LitmusScript>, CancellationToken, Task<IReadOnlyList<LitmusResult>>> replay)
    {
        IReadOnlyList<LitmusResult> results = await replay([.. OfLinux.Select(Read)], CancellationToken.None);
        return results.ToDictionary(static result => result.Script.Name);
    }

    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name));

    public static LitmusScript Read(string name) => LitmusScript.Parse(name, Text(name));

    /// <summary>Asserts that a replay reached the script's end, and observed on every line what the script expects.</summary>
    public static void AssertMet(LitmusResult result)
    {
        LitmusScript script = result.Script;
        Assert.True(
            result.End is null && !result.Mismatches.Any(),
            string.Join('\n', result.Mismatches
                .Select(i => $"{script.Name}:{script.Lines[i].Number}: {script.Lines[i].Text}\n  expected: "
                    + $"{script.Lines[i].Expected}\n  observed: {result.Observations[i] ?? "(not performed)"}")
                .Append(result.End)));
    }
}
