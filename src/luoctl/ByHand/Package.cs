using System.Formats.Tar;

namespace LuoInterop.Cli.ByHand;

/// <summary>Packs files, folders and pipes into memfds, and back with their modes and times.</summary>
/// <remarks>A file or folder is a tar archive in the pax format; what comes from a pipe is kept as it is.</remarks>
internal static class Package
{
    /// <summary>Stands for standard input on the command line.</summary>
    public const string Pipe = "-";

    private const string TarPrefix = "tar ";
    private const string PipePrefix = "pipe ";
    private const int CopyBytes = 1 << 20;

    /// <summary>Gets the name in the catalogue for what is given on the command line.</summary>
    public static string NameOf(string source) => source == Pipe
        ? $"{PipePrefix}stdin"
        : $"{TarPrefix}{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)))}";

    /// <summary>Gets the file's or folder's own name from that in the catalogue; null for what others preserved.</summary>
    public static string? TargetOf(string name)
    {
        string? target = name.StartsWith(TarPrefix, StringComparison.Ordinal) ? name[TarPrefix.Length..]
            : name.StartsWith(PipePrefix, StringComparison.Ordinal) ? name[PipePrefix.Length..]
            : null;

        // The name came from the kernel before: it leads nowhere but into the folder.
        return target is null or "" or "." or ".." || target.AsSpan().ContainsAny('/', '\0') ? null : target;
    }

    /// <summary>Packs into a new memfd, which belongs to the caller.</summary>
    public static Memfd Pack(Kernel kernel, string source, IProgress<long> progress, CancellationToken cancellation)
    {
        Memfd memory = Memfd.Create(kernel, NameOf(source));
        try
        {
            using Stream content = memory.OpenStream();
            if (source == Pipe)
            {
                using Stream input = Console.OpenStandardInput();
                Copy(input, content, progress, cancellation);
            }
            else if (Directory.Exists(source))
            {
                TarFile.CreateFromDirectory(source, content, includeBaseDirectory: true);
            }
            else
            {
                using var archive = new TarWriter(content, TarEntryFormat.Pax, leaveOpen: true);
                archive.WriteEntry(source, Path.GetFileName(source));
            }

            progress.Report(memory.Size);
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Unpacks into a folder, where nothing of that name is yet.</summary>
    /// <param name="name">The name in the catalogue.</param>
    /// <param name="memory">The memfd.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="progress">Is told how many bytes are done.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static void Unpack(string name, Memfd memory, string folder, IProgress<long> progress, CancellationToken cancellation)
    {
        using Stream content = memory.OpenStream();
        content.Position = 0;
        if (name.StartsWith(PipePrefix, StringComparison.Ordinal))
        {
            using FileStream file = new(Path.Combine(folder, TargetOf(name)!), FileMode.CreateNew, FileAccess.Write);
            Copy(content, file, progress, cancellation);
            return;
        }

        TarFile.ExtractToDirectory(content, folder, overwriteFiles: false);
        content.Position = 0;
        SetModesAndTimes(content, folder);
        progress.Report(memory.Size);
    }

    // Extraction leaves modes to the umask. What is in a folder changes its time, so that folders come last.
    private static void SetModesAndTimes(Stream content, string folder)
    {
        var folders = new Stack<TarEntry>();
        using var archive = new TarReader(content, leaveOpen: true);
        while (archive.GetNextEntry() is { } entry)
        {
            if (entry.EntryType == TarEntryType.Directory)
            {
                folders.Push(entry);
            }
            else if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                Set(entry);
            }
        }

        foreach (TarEntry entry in folders)
        {
            Set(entry);
        }

        void Set(TarEntry entry)
        {
            string path = Path.Combine(folder, entry.Name);
            File.SetUnixFileMode(path, entry.Mode);
            File.SetLastWriteTimeUtc(path, entry.ModificationTime.UtcDateTime);
        }
    }

    private static void Copy(Stream from, Stream to, IProgress<long> progress, CancellationToken cancellation)
    {
        byte[] buffer = new byte[CopyBytes];
        long done = 0;
        int count;
        while ((count = from.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            to.Write(buffer, 0, count);
            progress.Report(done += count);
        }
    }
}
