namespace LuoInterop;

public sealed partial class SessionCatalogue
{
    /// <summary>The most bytes that a state may have; larger ones belong into a memfd of the program's own.</summary>
    public const int MaximumStateBytes = 16 << 20;

    private const string StateFileName = "luo-state";

    /// <summary>The states that were written, by name: a later one of the same name goes into the same file where it fits.</summary>
    private readonly Dictionary<string, (Memfd File, long Capacity, ulong Token)> _states = [];

    /// <summary>Preserves a small state under a name, with its checksum and the version of its format. A later one of the same
    /// name replaces it.</summary>
    /// <param name="name">A name that no memfd of the unit has.</param>
    /// <param name="bytes">The state, at most <see cref="MaximumStateBytes"/>; it is copied.</param>
    /// <param name="version">The version of the state's format, from 1 on; the next kernel's program says which it knows.</param>
    /// <returns>The token of the memfd that holds the state.</returns>
    /// <exception cref="ArgumentException">The name belongs to a memfd or is not well-formed, or the state is too large.</exception>
    /// <exception cref="KernelException">No memory file can be made or preserved; the catalogue is as before.</exception>
    /// <remarks>
    /// A state that replaces one costs a write, where it has at most as many bytes as fit into the first one's pages. Otherwise a new file
    /// is preserved, and the old one goes over without a name. What replaces a state after <see cref="Commit()"/> counts from the next one.
    /// </remarks>
    public ulong PreserveBytes(string name, ReadOnlySpan<byte> bytes, int version = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(version);
        if (bytes.Length > MaximumStateBytes)
        {
            throw new ArgumentException($"The state has {bytes.Length} bytes, more than {MaximumStateBytes}. Preserve it in a "
                + "memfd.", nameof(bytes));
        }

        bool replaces = _states.TryGetValue(name, out (Memfd File, long Capacity, ulong Token) written);
        if (!replaces)
        {
            NameMustBeFree(name);
        }

        string checksum = MemfdChecksum.Sha256(bytes);
        if (replaces && bytes.Length <= written.Capacity)
        {
            written.File.Write(0, bytes);
            Document.Replace(new CatalogueEntry(_unit, name, written.Token, null, written.Capacity, checksum, bytes.Length, version));
            return written.Token;
        }

        int length = bytes.Length;
        long capacity = WholePages(Math.Max(length, 1));
        Memfd file = Memfd.Create(_session.Kernel, StateFileName, capacity);
        try
        {
            file.Write(0, bytes);
            CatalogueEntry Describe(ulong token) => new(_unit, name, token, null, capacity, checksum, length, version);
            ulong token = Preserve(file, Describe, PreserveOptions.None, replaces);
            written.File?.Dispose();
            _states[name] = (file, capacity, token);
            return token;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Retrieves the state of a name, and checks it against its checksum.</summary>
    /// <param name="name">The name under which it was preserved.</param>
    /// <param name="newestVersion">The newest version of the state's format that the caller knows.</param>
    /// <param name="version">The version that the state has.</param>
    /// <returns>A copy of the state.</returns>
    /// <exception cref="SessionCatalogueException">
    /// NewerVersion: a newer program wrote it; ContentMismatch: it is damaged; NoEntry: there is none of this name, or a memfd;
    /// Unusable, Ambiguous, TooLarge.
    /// Nothing was freed: the file can still be retrieved by its token.
    /// </exception>
    /// <exception cref="KernelException">The kernel could not restore the file; see
    /// <see cref="LiveUpdateSession.RetrieveFile(ulong)"/>.</exception>
    public byte[] RetrieveBytes(string name, int newestVersion, out int version)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(newestVersion);
        CatalogueEntry entry = Document.Find(_unit, name) ?? throw NoEntry(name);
        if (entry is not { Length: { } length, Version: { } written, Checksum: { } checksum })
        {
            throw new SessionCatalogueException(SessionCatalogueFault.NoEntry, $"The entry \"{name}\" is no state but a file: "
                + "retrieve its memfd.");
        }

        version = written;
        if (version > newestVersion)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.NewerVersion,
                $"The state \"{name}\" has version {version} of its format; this program knows up to {newestVersion}. Start the "
                    + "program that wrote it, or a newer one.");
        }

        if (length > MaximumStateBytes)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.TooLarge, $"The state \"{name}\" has {length} bytes, more than "
                + $"{MaximumStateBytes}.");
        }

        using Memfd file = Retrieve(name);
        byte[] bytes = new byte[Math.Min(length, file.Size)];
        int count = file.Read(0, bytes);
        string actual = MemfdChecksum.Sha256(bytes.AsSpan(0, count));
        return count == length && actual == checksum
            ? bytes
            : throw new SessionCatalogueException(
                SessionCatalogueFault.ContentMismatch,
                $"The state \"{name}\" is damaged: {count} bytes with the checksum {actual} came over, {length} with {checksum} were "
                    + "preserved.");
    }
}
