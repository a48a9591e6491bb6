using System.Globalization;
using LuoInterop.Emulation.Server.Descriptors;
using Tmds.Linux;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Makes paths of a process absolute, by their text alone.</summary>
internal static class PathName
{
    /// <summary>Stands for the working folder in place of a folder's descriptor (AT_FDCWD).</summary>
    public static readonly int WorkingFolder = LibC.AT_FDCWD;

    /// <summary>Gives the absolute path, without "." and "..", or null where the folder is not known. Symbolic links are not
    /// followed.</summary>
    public static string? Resolve(int process, int folder, string path)
    {
        if (!path.StartsWith('/'))
        {
            string? start = folder == WorkingFolder ? RemoteProcess.FindFolder(process) : RemoteProcess.FindLink(process, folder);
            if (start is null || !start.StartsWith('/'))
            {
                return null;
            }

            path = $"{start}/{path}";
        }

        var parts = new List<string>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("." or ".."))
            {
                parts.Add(part);
            }
        }

        return "/" + string.Join('/', parts);
    }

    /// <summary>Gets which descriptor of which process a link of /proc names: null for any other path.</summary>
    public static (int Process, int Fd)? Descriptor(int caller, string path)
    {
        string[] parts = path.Split('/');
        return parts switch
        {
            ["", "proc", var process, "fd", var fd] => Number(process, caller) is { } owner && Number(fd) is { } number
                ? (owner, number) : null,
            ["", "proc", var process, "task", var thread, "fd", var fd] =>
                Number(process, caller) is not null && Number(thread) is { } owner && Number(fd) is { } number ? (owner, number) : null,
            ["", "dev", "fd", var fd] => Number(fd) is { } number ? (caller, number) : null,
            _ => null,
        };
    }

    private static int? Number(string process, int caller) => process is "self" or "thread-self" ? caller : Number(process);

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
