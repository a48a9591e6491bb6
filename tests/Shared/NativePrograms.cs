using System.Collections.Concurrent;
using Xunit;

namespace LuoInterop.Tests.Shared;

/// <summary>Makes native executables of this repository's programs, which need no .NET and start at once on a translated processor. Each is
/// made once a test run.</summary>
internal static class NativePrograms
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> s_made = new();

    /// <summary>Gets the folder that they are made in.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "native");

    /// <summary>Gets the path of the cache server.</summary>
    public static string Cache => Make("samples/LuoInterop.Cache/LuoInterop.Cache.csproj", "luo-cache");

    /// <summary>Gets the path of the demo.</summary>
    public static string Demo => Make("samples/LuoInterop.Demo/LuoInterop.Demo.csproj", "luo-demo");

    /// <summary>Gets the path of luoctl.</summary>
    public static string Luoctl => Make("src/luoctl/luoctl.csproj", "luoctl");

    /// <summary>Gets the path of the service that says what it sees.</summary>
    public static string Service => Make("tests/programs/LuoInterop.Systemd.Payload/LuoInterop.Systemd.Payload.csproj", "luo-service");

    /// <summary>Gets the path of the program of docs/systemd.md.</summary>
    public static string Counter => Make("tests/programs/LuoInterop.Systemd.Counter/LuoInterop.Systemd.Counter.csproj", "counter");

    /// <summary>Gets the path of the VMM.</summary>
    public static string MiniVmm => Make("src/MiniVmm/MiniVmm.csproj", "minivmm");

    /// <summary>Gets the path of the program that carries memory through two kexecs.</summary>
    public static string Carry => Make("tests/programs/LuoInterop.Carry/LuoInterop.Carry.csproj", "carry-dotnet");

    /// <summary>Publishes a project without a warning, and gives the path of its executable.</summary>
    public static string Publish(string project, string name, string folder, params IEnumerable<string> properties)
    {
        using FileStream turn = BuildTurn.Take();
        (int code, string output, string error) = ChildProgram.Run(
            Path.GetDirectoryName(project)!,
            ["publish", project, "-c", "Release", "--nologo", "-v", "quiet", "-o", folder, .. properties]);
        Assert.True(code == 0, output + error);
        Assert.DoesNotMatch(@"\bwarning\b|\bIL[0-9]{4}\b", output);
        return Path.Combine(folder, name);
    }

    private static string Make(string project, string name) =>
        s_made.GetOrAdd(name, _ => new Lazy<string>(() => Publish(Path.Combine(Repository.Root, project), name, Folder))).Value;
}
