using LuoInterop.Tests.Shared;

namespace LuoInterop.Tests.SourceTree;

/// <summary>Finds the project's own files: nothing that was built or restored.</summary>
internal static class ProjectFiles
{
    private static readonly string[] s_built = ["bin", "obj", "artifacts", "TestResults", ".git", ".vs"];

    /// <summary>Lists all files, by their paths from the root on.</summary>
    public static IEnumerable<string> All() =>
        Below(new DirectoryInfo(Repository.Root)).Select(static file => Path.GetRelativePath(Repository.Root, file.FullName));

    /// <summary>Lists the files of an extension.</summary>
    public static IEnumerable<string> Of(string extension) => All().Where(path => path.EndsWith(extension, StringComparison.Ordinal));

    private static IEnumerable<FileInfo> Below(DirectoryInfo folder) =>
        folder.EnumerateDirectories()
            .Where(static inner => !s_built.Contains(inner.Name))
            .SelectMany(Below)
            .Concat(folder.EnumerateFiles());
}
