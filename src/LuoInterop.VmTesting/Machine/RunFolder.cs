using System.Globalization;
using System.Text;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Is the folder of one run: the sockets that QEMU connects to and the share that the guest mounts.</summary>
internal sealed class RunFolder : IDisposable
{
    // sockaddr_un has room for 108 bytes with the end.
    private const int MaxSocketPath = 107;
    private const UnixFileMode ReadableMode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode ExecutableMode =
        ReadableMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly bool _keep;

    private RunFolder(string path, bool keep)
    {
        Path = path;
        _keep = keep;
    }

    internal string Path { get; }

    internal string Share => System.IO.Path.Combine(Path, "share");

    internal string ImagePath => System.IO.Path.Combine(Share, "bzImage");

    internal string InitrdPath => System.IO.Path.Combine(Share, "initrd");

    /// <summary>Gives the run's copy of <see cref="VmOptions.Root"/>.</summary>
    internal string Root => System.IO.Path.Combine(Path, "root");

    internal static RunFolder Create(string? parent, bool keep)
    {
        string where = System.IO.Path.GetFullPath(parent ?? System.IO.Path.GetTempPath());
        string path = System.IO.Path.Combine(where, $"luo-{Guid.NewGuid().ToString("N")[..12]}");
        RunFolder folder = new(path, keep);
        int longest = Encoding.UTF8.GetByteCount(folder.Socket(FrameFormat.ReportPort));
        if (longest > MaxSocketPath)
        {
            throw new VmSetupException(
                $"The temporary folder {where} is too long: a socket in it would have a path of {longest} bytes, the kernel takes "
                + $"{MaxSocketPath}. Set VmOptions.TempFolder.");
        }

        try
        {
            if (!Directory.Exists(where))
            {
                throw new DirectoryNotFoundException($"The folder {where} does not exist.");
            }

            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Directory.CreateDirectory(folder.Share);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VmSetupException($"The run's folder cannot be made in {where}: {e.Message} Set VmOptions.TempFolder or TMPDIR.", e);
        }

        return folder;
    }

    internal string Socket(string name) => System.IO.Path.Combine(Path, $"{name}.sock");

    /// <summary>Fills the share: the guest sees it, read-only, at /run/luo.</summary>
    internal void Fill(VmOptions options, byte[] initrd, string guestTool, byte[] runFile)
    {
        try
        {
            Copy(options.Kernel.ImagePath, ImagePath, ReadableMode);
            foreach ((int index, KernelBuild next) in options.NextKernels.Index())
            {
                Copy(next.ImagePath, string.Create(CultureInfo.InvariantCulture, $"{ImagePath}.{index + 2}"), ReadableMode);
            }

            Write(InitrdPath, initrd);
            Write(System.IO.Path.Combine(Share, "payload"), runFile);
            Copy(guestTool, System.IO.Path.Combine(Share, "luo-guest"), ExecutableMode);
            string files = System.IO.Path.Combine(Share, "files");
            Directory.CreateDirectory(files);
            foreach ((string name, string source) in options.Files)
            {
                Copy(source, System.IO.Path.Combine(files, name), ExecutableMode);
            }

            if (options.Root is { } root)
            {
                RootCopy.Make(root, Root, options.RootFiles);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VmSetupException($"The run's folder {Path} cannot be filled: {e.Message}", e);
        }
    }

    /// <summary>Adds what the run has shown, for a folder that is kept.</summary>
    internal void Keep(VmResult result)
    {
        string sent = System.IO.Path.Combine(Path, "sent");
        try
        {
            File.WriteAllText(System.IO.Path.Combine(Path, "console.log"), result.Console);
            File.WriteAllText(System.IO.Path.Combine(Path, "payload.log"), result.StandardOutput);
            File.WriteAllText(System.IO.Path.Combine(Path, "payload.err.log"), result.StandardError);
            File.WriteAllText(System.IO.Path.Combine(Path, "qemu.log"), result.QemuOutput);
            File.WriteAllText(System.IO.Path.Combine(Path, "result.txt"), result.ToString());
            Directory.CreateDirectory(sent);
            foreach ((int index, GuestFile file) in result.Files.Index())
            {
                // Numbered, because every stage may send a file of the same name.
                File.WriteAllBytes(System.IO.Path.Combine(sent, $"{index + 1}-{file.Name}"), file.Content.Span);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VmSetupException($"The run's evidence cannot be written to {Path}: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        if (!_keep && Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    // The copy's mode is set whatever the source's is: QEMU and the guest must be able to read it.
    private static void Copy(string source, string target, UnixFileMode mode)
    {
        File.Copy(source, target);
        File.SetUnixFileMode(target, mode);
    }

    private static void Write(string path, byte[] content)
    {
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, ReadableMode);
    }
}
