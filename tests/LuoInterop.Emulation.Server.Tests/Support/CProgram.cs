using System.Collections.Concurrent;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Server.Tests.Support;

/// <summary>Builds the programs of <c>Programs</c>, each once a run.</summary>
internal static class CProgram
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> s_built = new();

    /// <summary>Gets the path of a source or a script of <c>Programs</c>.</summary>
    public static string Source(string name) => Path.Combine(AppContext.BaseDirectory, "Programs", name);

    /// <summary>Gets the path that a built program has.</summary>
    public static string Target(string name) =>
        Path.Combine(Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "built")).FullName, name);

    /// <summary>Builds a C program, and gives the path of its executable.</summary>
    public static string Build(string name) => Build(name, name, []);

    /// <summary>Builds a C program that needs no library where it runs.</summary>
    public static string BuildStatic(string name) => Build(name, name + "-static", ["-static"]);

    /// <summary>Runs a compiler once for a target, and gives the target's path.</summary>
    public static string Make(string target, string compiler, params string[] words) =>
        s_built.GetOrAdd(target, _ => new Lazy<string>(() =>
        {
            (int code, string output, string error) = ChildProgram.RunProgram(compiler, words);
            Assert.True(code == 0, $"{compiler} {string.Join(' ', words)} ended with {code}:\n{output}{error}");
            return target;
        })).Value;

    private static string Build(string name, string target, string[] options)
    {
        string path = Target(target);
        string[] warnings = ["-Wall", "-Wextra", "-Werror"];
        return Make(path, "gcc", [.. options, .. warnings, "-O2", "-std=gnu11", "-pthread", "-o", path, Source(name + ".c")]);
    }
}
