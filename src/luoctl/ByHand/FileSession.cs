using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.ByHand;

/// <summary>Preserves files in a session of their own, and gets them back from it.</summary>
internal static class FileSession
{
    /// <summary>The unit under which luoctl's own entries are in a catalogue.</summary>
    public const string Unit = "luoctl";

    /// <summary>Packs files, and preserves them in a new session; the device is open for the end of it only.</summary>
    /// <returns>The session, which belongs to the caller, and what is in it.</returns>
    public static (LiveUpdateSession Session, IReadOnlyList<PackedFile> Files) Preserve(
        Kernel kernel, string name, IReadOnlyList<string> sources, CancellationToken cancellation)
    {
        var packed = new List<(string Name, Memfd Memory, string Checksum)>();
        try
        {
            foreach (string source in sources)
            {
                using var progress = new ProgressLine($"packing {source}");
                Memfd memory = Package.Pack(kernel, source, progress, cancellation);
                packed.Add((Package.NameOf(source), memory, ""));
                packed[^1] = packed[^1] with { Checksum = MemfdChecksum.Sha256(memory, progress, cancellation) };
            }

            using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
            LiveUpdateSession session = device.CreateSession(name);
            try
            {
                using SessionCatalogue catalogue = SessionCatalogue.Create(session, Unit);
                foreach ((string entry, Memfd memory, string checksum) in packed)
                {
                    catalogue.Preserve(entry, memory, checksum);
                }

                catalogue.Commit();
                return (session, [.. packed.Select(static file =>
                    new PackedFile(Package.TargetOf(file.Name)!, file.Memory.Size, file.Checksum))]);
            }
            catch
            {
                session.Abort();
                throw;
            }
        }
        finally
        {
            // The kernel has references of its own.
            packed.ForEach(static file => file.Memory.Dispose());
        }
    }

    /// <summary>Unpacks all that luoctl preserved in a session into a folder. What is there by then stays as it is; the session is not
    /// finished.</summary>
    /// <exception cref="IOException">Something of the same name is in the folder, or it cannot be written.</exception>
    public static IReadOnlyList<PackedFile> Unpack(LiveUpdateSession session, string folder, CancellationToken cancellation)
    {
        using SessionCatalogue catalogue = SessionCatalogue.Open(session, Unit);
        CatalogueEntry[] entries = [.. catalogue.Document.Entries.Where(static entry => entry.Unit == Unit)];
        foreach (CatalogueEntry entry in entries)
        {
            string target = Package.TargetOf(entry.Name) ?? throw new InvalidDataException($"'{entry.Name}' is no name of luoctl preserve");
            if (Path.Exists(Path.Combine(folder, target)))
            {
                throw new IOException($"{Path.Combine(folder, target)} is there already");
            }
        }

        // All or nothing: what is whole is moved to its place at the end.
        string made = Path.Combine(folder, $".luoctl-{Environment.ProcessId}");
        Directory.CreateDirectory(made);
        try
        {
            var files = new List<PackedFile>();
            foreach (CatalogueEntry entry in entries)
            {
                using var progress = new ProgressLine($"unpacking {Package.TargetOf(entry.Name)}");
                using Memfd memory = catalogue.Retrieve(entry.Name);
                catalogue.Verify(entry.Name, memory);
                Package.Unpack(entry.Name, memory, made, progress, cancellation);
                files.Add(new(Package.TargetOf(entry.Name)!, memory.Size, entry.Checksum!));
            }

            foreach (PackedFile file in files)
            {
                Directory.Move(Path.Combine(made, file.Name), Path.Combine(folder, file.Name));
            }

            return files;
        }
        finally
        {
            Directory.Delete(made, recursive: true);
        }
    }
}
