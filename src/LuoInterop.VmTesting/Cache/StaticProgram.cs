using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using LuoInterop.VmTesting.Cache;

namespace LuoInterop.VmTesting;

/// <summary>Compiles C programs that need nothing beside them, for an initial root: once per content, into the cache folder.</summary>
public static class StaticProgram
{
    private static readonly string[] s_flags = ["-static", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-s"];

    /// <summary>Gives the path of the program that sources make, compiled by gcc where the cache does not have it.</summary>
    /// <param name="name">The program's name, which is that of its file.</param>
    /// <param name="sources">The sources by their file names; those that end in <c>.c</c> are compiled, the others are included.</param>
    /// <param name="cacheFolder">The cache folder, or null for <c>$LUO_CACHE</c>, else <c>~/.cache/luointerop</c>.</param>
    /// <remarks>Several processes may ask at once: they see the whole program or none.</remarks>
    /// <exception cref="VmSetupException">gcc or the static C library is missing, the sources have an error, or the cache cannot be
    /// written.</exception>
    public static string Compile(string name, IReadOnlyDictionary<string, byte[]> sources, string? cacheFolder = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(sources);
        KeyValuePair<string, byte[]>[] ordered = [.. sources.OrderBy(static source => source.Key, StringComparer.Ordinal)];
        IEnumerable<byte[]> parts = ordered.SelectMany(static source => new[] { Encoding.UTF8.GetBytes(source.Key), source.Value });
        string key = CacheFolder.Key([.. parts, Encoding.UTF8.GetBytes(string.Join(' ', s_flags))]);
        string folder = Path.Combine(CacheFolder.Open(cacheFolder), "native", $"{name}-{key}");
        string program = Path.Combine(folder, name);
        if (File.Exists(program))
        {
            return program;
        }

        foreach ((string file, byte[] content) in ordered)
        {
            CacheFolder.WriteWhole(Path.Combine(folder, file), content, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        // Compiled aside and then renamed: another process never sees half a program.
        string unfinished = Path.Combine(folder, $"{name}.{Guid.NewGuid():N}");
        IEnumerable<string> compiled =
            ordered.Select(static source => source.Key).Where(static file => file.EndsWith(".c", StringComparison.Ordinal));
        RunCompiler(folder, [.. s_flags, "-o", unfinished, .. compiled]);
        File.Move(unfinished, program, overwrite: true);
        return program;
    }

    private static void RunCompiler(string folder, string[] arguments)
    {
        ProcessStartInfo start = new("gcc", arguments) { WorkingDirectory = folder, RedirectStandardError = true };

        // The hint below is found in its messages.
        start.Environment["LC_ALL"] = "C";
        try
        {
            using Process gcc = Process.Start(start) ?? throw new InvalidOperationException("gcc gave no process.");
            string errors = gcc.StandardError.ReadToEnd();
            gcc.WaitForExit();
            if (gcc.ExitCode != 0)
            {
                string hint =
                    errors.Contains("-lc", StringComparison.Ordinal) || errors.Contains(".h: No such file", StringComparison.Ordinal)
                    ? " The C library's headers or static library are missing: apt-get install libc6-dev linux-libc-dev."
                    : "";
                throw new VmSetupException($"gcc failed with status {gcc.ExitCode} in {folder}.{hint}\n{errors.TrimEnd()}");
            }
        }
        catch (Win32Exception e)
        {
            throw new VmSetupException("gcc is missing; it compiles the guest's programs once: apt-get install gcc libc6-dev.", e);
        }
    }
}
