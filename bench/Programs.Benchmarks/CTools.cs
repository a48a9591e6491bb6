using System.Diagnostics;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Programs.Benchmarks;

/// <summary>Holds what is run: native/luo_cost.c, and compilers of this project's C files that time themselves.</summary>
internal sealed class CTools : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-bench-").FullName;

    public CTools()
    {
        string native = Path.Combine(Repository.Root, "native");
        Cost = Path.Combine(_folder, "luo_cost");
        string[] words = ["-O2", "-Wall", "-Wextra", "-Werror", "-o", Cost, Path.Combine(native, "luo_cost.c")];
        using Process compiler = Process.Start("gcc", words);
        compiler.WaitForExit();
        if (compiler.ExitCode != 0)
        {
            throw new InvalidOperationException($"gcc ended with {compiler.ExitCode}.");
        }

        string guest = Path.Combine(Repository.Root, "src/LuoInterop.VmTesting/Guest");
        Files = [.. Directory.GetFiles(native, "*.c"), .. Directory.GetFiles(guest, "*.c")];
    }

    /// <summary>Gets the path of luo_cost.</summary>
    public string Cost { get; }

    /// <summary>Gets the C files of this project that a compile compiles.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Makes a compiler that waits for files to compile.</summary>
    /// <param name="name">Its name here.</param>
    public WaitingCompiler Compiler(string name) => new(Directory.CreateDirectory(Path.Combine(_folder, name)).FullName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
