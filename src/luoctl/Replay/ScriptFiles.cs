using System.IO.Enumeration;
using LuoInterop.Litmus;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Cli.Replay;

/// <summary>Finds and reads the scripts that a command line names.</summary>
/// <remarks>
/// What is named is read, whatever it is: a pipe too, and <c>-</c> for standard input. What a folder holds is read only where it is a
/// regular file, and links to folders are not followed, so that a search ends.
/// </remarks>
internal static class ScriptFiles
{
    /// <summary>The word for standard input.</summary>
    private const string StandardInput = "-";

    /// <summary>The most bytes of a script: a hundred for each of its lines, at their most.</summary>
    private const int MostBytes = 10_000_000;

    // include/uapi/asm-generic/fcntl.h and linux/stat.h; the same on x86-64 and arm64.
    private const int ReadOnlyNonBlockingCloseOnExec = 0x80800;
    private const uint TypeBits = 0xf000;
    private const uint RegularFile = 0x8000;

    /// <summary>Reads all scripts.</summary>
    /// <exception cref="IOException">A file is missing, too long, no file, or named by bytes that are not UTF-8.</exception>
    /// <exception cref="LitmusSyntaxException">A script says nothing that the language knows.</exception>
    public static IReadOnlyList<LitmusScript> Read(IReadOnlyList<string> names, CancellationToken cancellation)
    {
        if (names.Count(static name => name == StandardInput) > 1)
        {
            throw new IOException("standard input ('-') can be read once only.");
        }

        var scripts = new List<LitmusScript>();
        foreach (string name in names)
        {
            if (name == StandardInput)
            {
                using Stream input = Console.OpenStandardInput();
                scripts.Add(Parse(name, input, cancellation));
            }
            else if (Directory.Exists(name))
            {
                ReadFolder(name, scripts, cancellation);
            }
            else
            {
                using FileStream file = new(name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
                scripts.Add(Parse(name, file, cancellation));
            }
        }

        return scripts;
    }

    private static void ReadFolder(string folder, List<LitmusScript> scripts, CancellationToken cancellation)
    {
        var found = new List<string>();
        foreach (string path in Search(folder))
        {
            cancellation.ThrowIfCancellationRequested();
            found.Add(path);
        }

        if (found.Count == 0)
        {
            throw new FileNotFoundException($"{folder} holds no script (*.luo).");
        }

        found.Sort(StringComparer.Ordinal);
        foreach (string path in found)
        {
            using FileStream file = OpenRegular(path);
            scripts.Add(Parse(path, file, cancellation));
        }
    }

    private static FileSystemEnumerable<string> Search(string folder) => new(
        folder,
        static (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(),
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
    {
        ShouldIncludePredicate = static (ref FileSystemEntry entry) =>
            !entry.IsDirectory && entry.FileName.EndsWith(".luo", StringComparison.Ordinal),
        ShouldRecursePredicate = static (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
    };

    // Opened without waiting for a writer, and asked what it is before it is read.
    private static FileStream OpenRegular(string path)
    {
        int fd = Kernel.Linux.Open(path, ReadOnlyNonBlockingCloseOnExec);
        if (fd < 0)
        {
            throw new IOException(CommandLineBytes.IsReplaced(path)
                ? $"the name of {path} is not UTF-8; rename it, or give it on standard input: luoctl replay -"
                : $"{path} cannot be opened: {(Errno)(-fd)}.");
        }

        var handle = new SafeFileHandle(fd, ownsHandle: true);
        bool regular = Kernel.Linux.FStat(handle, out FileStatus status) == 0 && (status.Mode & TypeBits) == RegularFile;
        if (!regular)
        {
            handle.Dispose();
            throw new IOException($"{path} is no regular file; name it itself, not its folder, to read it.");
        }

        return new FileStream(handle, FileAccess.Read, bufferSize: 0);
    }

    private static LitmusScript Parse(string name, Stream stream, CancellationToken cancellation)
    {
        var bytes = new MemoryStream();
        byte[] block = new byte[64 << 10];
        for (int n; (n = stream.Read(block)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            bytes.Write(block, 0, n);
            if (bytes.Length > MostBytes)
            {
                throw new IOException($"{name} has more than {MostBytes} bytes, which no script has.");
            }
        }

        return LitmusScript.ParseUtf8(name, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}
