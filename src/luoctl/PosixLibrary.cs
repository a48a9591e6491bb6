using System.Reflection;
using System.Runtime.InteropServices;
using Mono.Unix.Native;

namespace LuoInterop.Cli;

/// <summary>Gives Mono.Posix the library that it needs for names of users, from inside the native executable: luoctl is one file.</summary>
internal static class PosixLibrary
{
    private const string Library = "libMonoPosixHelper.so";

    /// <summary>Registers where to look; nothing is loaded before it is needed.</summary>
    public static void Register() => NativeLibrary.SetDllImportResolver(typeof(Syscall).Assembly, static (name, _, _) =>
        name.Contains("MonoPosixHelper", StringComparison.Ordinal) ? Load() : 0);

    // Builds for dotnet have the library beside them, and no such resource.
    private static nint Load()
    {
        using Stream? content = Assembly.GetExecutingAssembly().GetManifestResourceStream(Library);
        if (content is null)
        {
            return 0;
        }

        // A file in memory: the program may lie in a folder that cannot be written, as in an initial RAM disk.
        using Memfd file = Memfd.Create(Kernel.Linux, Library);
        using (Stream copy = file.OpenStream())
        {
            content.CopyTo(copy);
        }

        return NativeLibrary.TryLoad($"/proc/self/fd/{file.Handle.DangerousGetHandle()}", out nint library) ? library : 0;
    }
}
