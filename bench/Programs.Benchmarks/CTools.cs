using System.Diagnostics;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Programs.Benchmarks;

/// <summary>Holds what is run: native/luo_cost.c, and a compile of this project's C files that times itself.</summary>
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
        string files = string.Join(' ', [.. Directory.GetFiles(native, "*.c"), .. Directory.GetFiles(guest, "*.c")]);
        Compile =
        [
            "sh", "-c",
            $"start=$(date +%s%N); for i in 1 2 3; do for file in {files}; do gcc -w -D_GNU_SOURCE -std=gnu17 -O2 -c $file "
                + $"-o {_folder}/object || exit 1; done; done; echo $(($(date +%s%N) - start))",
        ];
    }

    /// <summary>Gets the path of luo_cost.</summary>
    public string Cost { get; }

    /// <summary>Gets the command that compiles, and prints nanoseconds.</summary>
    public string[] Compile { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
