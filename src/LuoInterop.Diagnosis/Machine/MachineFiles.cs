using System.Text;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Reads a machine's files below a folder, and follows no link out of it.</summary>
internal sealed class MachineFiles(Kernel kernel, string root)
{
    /// <summary>The most bytes that are read of a file, 4 MiB: a distribution's configuration has 300 KB.</summary>
    public const int MaximumBytes = 4 << 20;

    // As the kernel's own MAXSYMLINKS.
    private const int MaximumLinks = 40;

    private readonly string _root = root == "/" ? "" : System.IO.Path.GetFullPath(root).TrimEnd('/');

    /// <summary>Gets whether the files are those of this machine, so that the kernel can be asked more about them.</summary>
    public bool IsLive => _root.Length == 0;

    public Kernel Kernel => kernel;

    /// <summary>Gets where a machine's file lies on this one.</summary>
    /// <remarks>Links to absolute paths lead to the machine's own files, never to this one's.</remarks>
    public string Path(string path)
    {
        if (IsLive)
        {
            return path;
        }

        var left = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var done = new List<string>();
        for (int links = 0; left.TryPop(out string? part);)
        {
            if (part == ".")
            {
                continue;
            }

            if (part == "..")
            {
                done.RemoveRange(Math.Max(done.Count - 1, 0), Math.Min(done.Count, 1));
                continue;
            }

            done.Add(part);
            if (ReadLink(Host(done)) is { } target)
            {
                if (++links > MaximumLinks)
                {
                    throw new IOException($"{path} leads through more than {MaximumLinks} links");
                }

                done.RemoveAt(done.Count - 1);
                if (target.StartsWith('/'))
                {
                    done.Clear();
                }

                foreach (string next in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                {
                    left.Push(next);
                }
            }
        }

        return Host(done);
    }

    /// <summary>Reads a file whole.</summary>
    /// <returns>Why not, or <see cref="Errno.None"/>.</returns>
    public Errno Read(string path, out byte[] content) =>
        (Errno)(-KernelFile.Read(kernel, Path(path), MaximumBytes, out content));

    /// <summary>Reads a file of text; null where it cannot be read.</summary>
    public string? Text(string path) =>
        Read(path, out byte[] content) == Errno.None ? Encoding.UTF8.GetString(content).TrimEnd('\n') : null;

    /// <summary>Reads a file that holds one number; null where it does not.</summary>
    public long? Number(string path) => long.TryParse(
        Text(path), System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long number)
        ? number
        : null;

    /// <summary>Tells whether there is a file or folder.</summary>
    public bool Exists(string path) => Status(path) is not null;

    /// <summary>Gets owner, mode and the like without opening the file; null where it is not there, or cannot be seen.</summary>
    public FileStatus? Status(string path)
    {
        using var handle = new KernelHandle(kernel);
        return handle.Take(Uninterrupted.Open(kernel, Path(path), LibC.O_PATH | LibC.O_CLOEXEC)) >= 0
            && Uninterrupted.FStat(kernel, handle, out FileStatus status) == 0
            ? status
            : null;
    }

    /// <summary>Lists a folder's names, sorted.</summary>
    /// <returns>Why not, or <see cref="Errno.None"/>.</returns>
    public Errno List(string path, out string[] names)
    {
        var error = (Errno)(-kernel.ReadDirectory(Path(path), out names));
        Array.Sort(names, StringComparer.Ordinal);
        return error;
    }

    /// <summary>Gets the text of a link, whatever it leads to; null where there is none.</summary>
    public string? Link(string path)
    {
        int slash = path.LastIndexOf('/');
        return ReadLink($"{Path(path[..slash])}/{path[(slash + 1)..]}");
    }

    private static string? ReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string Host(List<string> parts) => $"{_root}/{string.Join('/', parts)}";
}
