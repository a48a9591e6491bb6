using LuoInterop.Tests.Shared;

namespace LuoInterop.Tests.SourceTree;

/// <summary>Holds the source's lines to what is read without scrolling.</summary>
public sealed class LineLengthTests
{
    private const int Longest = 140;

    [Fact]
    public void SourceLine_HasAtMost140Columns()
    {
        string[] files = [.. ProjectFiles.Of(".cs")];
        Assert.True(files.Length > 500, $"{files.Length} source files");

        Assert.Empty(
            from path in files
            from line in File.ReadLines(Path.Combine(Repository.Root, path)).Index()
            where line.Item.Length > Longest
            select $"{path}:{line.Index + 1} has {line.Item.Length} columns");
    }
}
