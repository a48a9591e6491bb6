using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Server;

/// <summary>Holds copies of files of the emulated kernel in a folder, to be mounted over those of the host where a program runs.</summary>
internal sealed class ShownFiles
{
    private const string DebugFolder = "/sys/kernel/debug";

    private static readonly string[] s_paths =
        ["/proc/cmdline", "/proc/config.gz", "/proc/sys/kernel/osrelease", "/sys/kernel/kexec_loaded", "/sys/kernel/kexec/loaded"];

    private readonly string _folder;

    public ShownFiles(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(Source(DebugFolder));
    }

    /// <summary>Gets source and target of each mount. Targets that this host does not have are left out where they are mounted.</summary>
    public IEnumerable<(string Source, string Target)> Mounts =>
        // Without root, debugfs is closed: that it stays.
        s_paths.Concat(Environment.IsPrivilegedProcess ? [DebugFolder] : []).Select(path => (Source(path), path));

    /// <summary>Writes the files as the kernel shows them now.</summary>
    public void Write(KernelRun kernel)
    {
        foreach (string path in s_paths)
        {
            // Written in place: what is mounted is the file, not its name. What the kernel lacks is empty.
            _ = kernel.ReadFile(path, out byte[] content);
            WriteInPlace(Source(path), content);
        }

        string debug = Source(DebugFolder);
        foreach (string old in Directory.GetFileSystemEntries(debug))
        {
            Directory.Delete(old, recursive: true);
        }

        WriteFolder(kernel, DebugFolder + "/kho");
    }

    private void WriteFolder(KernelRun kernel, string path)
    {
        string[] names;
        lock (kernel.System.Lock)
        {
            int error = kernel.System.Files.List(path, out names);
            if (error != 0)
            {
                return;
            }
        }

        string folder = Source(DebugFolder) + path[DebugFolder.Length..];
        Directory.CreateDirectory(folder);
        foreach (string name in names)
        {
            string file = $"{path}/{name}";
            int error = kernel.ReadFile(file, out byte[] content);
            if (error == Refused.EISDIR)
            {
                WriteFolder(kernel, file);
            }
            else if (error == 0)
            {
                File.WriteAllBytes($"{folder}/{name}", content);
            }
        }
    }

    private static void WriteInPlace(string path, byte[] content)
    {
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(content);
        file.SetLength(content.Length);
    }

    private string Source(string path) => Path.Combine(_folder, path.Trim('/').Replace('/', '-'));
}
