using LuoInterop.Tests.Shared;

namespace LuoInterop.Tests.Calls;

/// <summary>Finds what the projects of this repository were built to.</summary>
internal static class BuiltAssemblies
{
    private static readonly string[] s_folders = ["src", "tests", "bench", "samples"];

    /// <summary>Gets the files of all projects that are built, in the configuration of this one.</summary>
    public static IEnumerable<string> Files
    {
        get
        {
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            string output = Path.Combine("bin", own.Parent!.Name, own.Name);
            return from folder in s_folders
                   from project in Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories)
                   let file = Path.Combine(Path.GetDirectoryName(project)!, output, AssemblyName(project) + ".dll")
                   where File.Exists(file)
                   select file;
        }
    }

    private static string AssemblyName(string project)
    {
        var name = System.Xml.Linq.XDocument.Load(project).Descendants("AssemblyName").FirstOrDefault();
        return name?.Value ?? Path.GetFileNameWithoutExtension(project);
    }
}
