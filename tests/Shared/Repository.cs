namespace LuoInterop.Tests.Shared;

/// <summary>Finds the folder that the project lies in.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LuoInterop.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("LuoInterop.sln is in no folder above the test.");
        }

        return folder;
    }
}
