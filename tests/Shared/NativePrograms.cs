using Xunit;

namespace LuoInterop.Tests.Shared;

/// <summary>Makes programs of this repository that need no .NET, for a guest whose root has none. Each is made once a test run.</summary>
internal static class NativePrograms
{
    private static readonly Lazy<string> s_cache = new(
        static () => Publish("samples/LuoInterop.Cache/LuoInterop.Cache.csproj", "luo-cache"));

    private static readonly Lazy<string> s_luoctl = new(static () => Publish("src/luoctl/luoctl.csproj", "luoctl"));

    private static readonly Lazy<string> s_service = new(
        static () => Publish("tests/programs/LuoInterop.Systemd.Payload/LuoInterop.Systemd.Payload.csproj", "luo-service"));

    private static readonly Lazy<string> s_counter = new(
        static () => Publish("tests/programs/LuoInterop.Systemd.Counter/LuoInterop.Systemd.Counter.csproj", "counter"));

    private static readonly Lazy<string> s_miniVmm = new(static () => Publish("src/MiniVmm/MiniVmm.csproj", "minivmm"));

    /// <summary>Gets the path of the cache server.</summary>
    public static string Cache => s_cache.Value;

    /// <summary>Gets the path of luoctl.</summary>
    public static string Luoctl => s_luoctl.Value;

    /// <summary>Gets the path of the service that says what it sees.</summary>
    public static string Service => s_service.Value;

    /// <summary>Gets the path of the program of docs/systemd.md.</summary>
    public static string Counter => s_counter.Value;

    /// <summary>Gets the path of the VMM.</summary>
    public static string MiniVmm => s_miniVmm.Value;

    private static string Publish(string project, string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "native");
        (int code, string output, string error) = ChildProgram.Run(
            AppContext.BaseDirectory,
            "publish", Path.Combine(Repository.Root, project), "-c", "Release", "--nologo", "-v", "quiet", "-o", folder);
        Assert.True(code == 0, output + error);
        Assert.DoesNotMatch(@"\bwarning\b", output);
        return Path.Combine(folder, name);
    }
}
