using System.Reflection;
using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Server.Launch;

/// <summary>Gives the native program that starts programs (native/luo_launch.c), which this assembly carries.</summary>
internal static class LaunchProgram
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Writes it into a folder, and gives its path; it can be executed then.</summary>
    public static string Write(string folder)
    {
        string path = Path.Combine(folder, "luo_launch");
        using Stream program = Assembly.GetExecutingAssembly().GetManifestResourceStream("luo_launch")
            ?? throw new InvalidOperationException("The assembly was built without its launcher.");
        using (var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Executable }))
        {
            program.CopyTo(file);
        }

        HostLease.WaitForWriters(path);
        return path;
    }
}
