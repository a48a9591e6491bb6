using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace LuoInterop.VmTesting.Cache;

/// <summary>Compiles the C programs that this assembly carries, once per content, into the cache folder.</summary>
internal static class NativeProgram
{
    private static readonly string[] s_guestSources = ["init.c", "setup.c", "channel.c", "tool.c", "channel.h", "setup.h", "tool.h"];
    private static readonly string[] s_flags = ["-O2", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-s"];

    /// <summary>Gives the path of the guest's init, which is also the tool luo-guest.</summary>
    internal static string Guest(string cache) => Compile(cache, "luo-guest", "guest/", s_guestSources, ["-static", .. s_flags]);

    /// <summary>Gives the path of the program that keeps QEMU from outliving its host process.</summary>
    /// <remarks>Static as well: the cache may outlive the C library of the machine that filled it.</remarks>
    internal static string Supervisor(string cache) =>
        Compile(cache, "luo-supervise", "machine/", ["supervise.c"], ["-static", .. s_flags]);

    private static string Compile(string cache, string name, string prefix, string[] sources, string[] flags)
    {
        List<byte[]> contents =
            [.. sources.Select(source => CacheFolder.Resource(prefix + source)), Encoding.UTF8.GetBytes(string.Join(' ', flags))];
        string folder = Path.Combine(cache, "native", $"{name}-{CacheFolder.Key(contents)}");
        string program = Path.Combine(folder, name);
        if (File.Exists(program))
        {
            return program;
        }

        for (int i = 0; i < sources.Length; i++)
        {
            CacheFolder.WriteWhole(Path.Combine(folder, sources[i]), contents[i], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        // Compiled aside and then renamed: another process never sees half a program.
        string unfinished = Path.Combine(folder, $"{name}.{Guid.NewGuid():N}");
        RunCompiler(folder, [.. flags, "-o", unfinished, .. sources.Where(source => source.EndsWith(".c", StringComparison.Ordinal))]);
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
            throw new VmSetupException("gcc is missing; it compiles the guest's init once: apt-get install gcc libc6-dev.", e);
        }
    }
}
