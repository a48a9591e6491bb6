using System.Buffers;
namespace LuoInterop;

/// <summary>Gives the files of a session names, written into the session itself under token 0.</summary>
/// <remarks>
/// <para>In the old kernel: <see cref="Create"/>, <see cref="Preserve(string, Memfd, string?, PreserveOptions)"/> each file,
/// <see cref="Commit()"/>. In the new one:
/// <see cref="Open"/>, <see cref="Retrieve"/> by name. Files that are preserved by a token of their own in the same session
/// are left alone. A session that went over without <see cref="Commit()"/> still has its files, under their tokens.</para>
/// <para><see cref="Dispose"/> closes what the catalogue has open; the session keeps its files. <see cref="LiveUpdate"/> does all
/// of this.</para>
/// <para>Not safe for use from several threads at once.</para>
/// </remarks>
public sealed partial class SessionCatalogue : IDisposable
{
    /// <summary>The token of the catalogue, as in systemd's own session.</summary>
    public const ulong Token = 0;

    /// <summary>The unit under which entries are kept when none is named.</summary>
    public const string DefaultUnit = "luointerop";

    private const string FileName = "luo-mapping";
    private const int PageSize = 4096;

    private readonly LiveUpdateSession _session;
    private readonly string _unit;
    private ulong _nextToken = Token + 1;
    private Memfd? _file;
    private long _capacity;
    private int _length;

    private SessionCatalogue(LiveUpdateSession session, string unit, CatalogueDocument document)
    {
        _session = session;
        _unit = unit;
        Document = document;
    }

    /// <summary>Gets the entries of all units, and what else the catalogue says.</summary>
    public CatalogueDocument Document { get; }

    /// <summary>Starts the catalogue of an outgoing session.</summary>
    /// <param name="session">The session, which stays the caller's.</param>
    /// <param name="unit">The program or service that the names belong to.</param>
    /// <param name="previous">The catalogue that came from the previous kernel, whose count of live updates and unknown members
    /// are carried on; or null.</param>
    public static SessionCatalogue Create(LiveUpdateSession session, string unit = DefaultUnit, CatalogueDocument? previous = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentException.ThrowIfNullOrEmpty(unit);
        if (session.Direction != SessionDirection.Outgoing)
        {
            throw new ArgumentException("The session was retrieved; use Open.", nameof(session));
        }

        CatalogueDocument document = previous?.WithoutEntries() ?? new CatalogueDocument();
        if (document.KexecsCount < uint.MaxValue)
        {
            document.KexecsCount++;
        }

        return new SessionCatalogue(session, unit, document);
    }

    /// <summary>Reads the catalogue of a session that the previous kernel handed over.</summary>
    /// <exception cref="SessionCatalogueException">There is none, or it cannot be used; all files can still be retrieved by their
    /// tokens.</exception>
    /// <exception cref="KernelException">The kernel could not restore the catalogue's file.</exception>
    public static SessionCatalogue Open(LiveUpdateSession session, string unit = DefaultUnit)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentException.ThrowIfNullOrEmpty(unit);
        Memfd file;
        try
        {
            file = session.RetrieveMemfd(Token);
        }
        catch (KernelException error) when (error.Errno == Errno.ENOENT)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.Missing,
                $"The session \"{session.Name}\" has no catalogue (token {Token}), or is finished. Retrieve its files by their tokens.",
                error);
        }

        using (file)
        {
            long size = file.Size;
            if (size > CatalogueDocument.MaximumBytes)
            {
                throw new SessionCatalogueException(SessionCatalogueFault.TooLarge, $"The catalogue has {size} bytes, more than "
                    + $"{CatalogueDocument.MaximumBytes}.");
            }

            byte[] bytes = ArrayPool<byte>.Shared.Rent((int)size);
            try
            {
                int count = file.Read(0, bytes.AsSpan(0, (int)size));
                return new SessionCatalogue(session, unit, CatalogueDocument.Parse(bytes.AsSpan(0, count)));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }
    }

    /// <summary>Preserves a memfd under a name; its token is chosen. Counts from the next <see cref="Commit()"/> on.</summary>
    /// <param name="name">A name that the unit has not used yet.</param>
    /// <param name="file">The memfd, which stays the caller's.</param>
    /// <param name="checksum">A checksum such as <see cref="MemfdChecksum.Sha256(Memfd)"/> gives, for content that does not change
    /// any more; or null.</param>
    /// <param name="options">What to let pass.</param>
    /// <returns>The token.</returns>
    /// <exception cref="ArgumentException">The name is used or not well-formed, the checksum is empty, or the file has
    /// F_SEAL_EXEC.</exception>
    /// <exception cref="KernelException">The kernel refuses; see
    /// <see cref="LiveUpdateSession.Preserve(System.Runtime.InteropServices.SafeHandle, ulong, PreserveOptions)"/>. The catalogue
    /// has no entry then.</exception>
    public ulong Preserve(string name, Memfd file, string? checksum = null, PreserveOptions options = PreserveOptions.None)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(file);
        NameMustBeFree(name);
        long size = file.Size;
        return Preserve(file, token => new CatalogueEntry(_unit, name, token, null, size, checksum), options, replaces: false);
    }

    private ulong Preserve(Memfd file, Func<ulong, CatalogueEntry> describe, PreserveOptions options, bool replaces)
    {
        while (true)
        {
            ulong token = _nextToken++;
            if (Document.HasToken(token))
            {
                continue;
            }

            // Checked before the kernel is asked: no call takes a file out of the session again.
            CatalogueEntry entry = describe(token);
            if (!replaces)
            {
                Document.Check(entry);
            }

            try
            {
                _session.Preserve(file, token, options);
            }
            catch (KernelException error) when (error.Errno == Errno.EEXIST)
            {
                // Somebody preserved a file of his own under this token. The kernel looks at the token first.
                continue;
            }

            if (replaces)
            {
                Document.Replace(entry);
            }
            else
            {
                Document.Add(entry);
            }

            return token;
        }
    }

    /// <summary>Writes the catalogue into a memfd that is preserved under token 0. Once more, it writes what has changed since.</summary>
    /// <exception cref="SessionCatalogueException">TooLarge: it no longer fits into the file of the first time, which cannot grow;
    /// that one stays as it was.</exception>
    /// <exception cref="KernelException">EEXIST: token 0 of the session is used by something else.</exception>
    public void Commit() => Commit(0);

    /// <summary>Writes the catalogue, the first time into a file with room for more.</summary>
    /// <param name="room">The file's least size in bytes.</param>
    internal void Commit(int room)
    {
        byte[] bytes = Document.ToBytes();
        if (_file is not null)
        {
            Write(_file, bytes);
            return;
        }

        long capacity = WholePages(Math.Max(bytes.Length, room));
        Memfd file = Memfd.Create(_session.Kernel, FileName, capacity);
        try
        {
            file.Write(0, bytes);
            file.AddSeals(MemfdSeals.Seal | MemfdSeals.Shrink | MemfdSeals.Grow);
            _session.Preserve(file, Token);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        (_file, _capacity, _length) = (file, capacity, bytes.Length);
    }

    /// <summary>Closes the files that the catalogue wrote. What the session preserves stays.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        foreach ((Memfd file, _, _) in _states.Values)
        {
            file.Dispose();
        }
    }

    // In one write, with NULs up to the end of what was there: a jump of somebody else finds the old document or the new one.
    private void Write(Memfd file, byte[] bytes)
    {
        if (bytes.Length > _capacity)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.TooLarge, $"The catalogue has {bytes.Length} bytes now, more than the {_capacity} of its file. "
                    + "Abort the session and preserve all anew.");
        }

        byte[] padded = new byte[Math.Max(bytes.Length, _length)];
        bytes.CopyTo(padded, 0);
        file.Write(0, padded);
        _length = bytes.Length;
    }

    private static long WholePages(int length) => ((long)length + PageSize - 1) / PageSize * PageSize;

    /// <summary>Tells whether the unit has an entry of a name.</summary>
    public bool Contains(string name) => Document.Find(_unit, name) is not null;

    /// <summary>Retrieves the memfd of a name, and checks its size.</summary>
    /// <returns>The memfd, which belongs to the caller.</returns>
    /// <exception cref="SessionCatalogueException">There is no such entry, it cannot be used, or the file's size is not the
    /// recorded one.</exception>
    /// <exception cref="KernelException">The kernel could not restore the file; see
    /// <see cref="LiveUpdateSession.RetrieveFile(ulong)"/>.</exception>
    public Memfd Retrieve(string name)
    {
        CatalogueEntry entry = Document.Find(_unit, name) ?? throw NoEntry(name);
        ulong token = entry.Token
            ?? throw new SessionCatalogueException(SessionCatalogueFault.NoEntry, $"The entry \"{name}\" is a session of its own: "
                + $"retrieve the session \"{entry.SessionName}\".");
        Memfd file = _session.RetrieveMemfd(token);
        try
        {
            long size = file.Size;
            return entry.Size is { } expected && expected != size
                ? throw new SessionCatalogueException(
                    SessionCatalogueFault.ContentMismatch, $"The file \"{name}\" (token {token}) has {size} bytes; {expected} were "
                        + "preserved.")
                : file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Checks a retrieved memfd's content against the checksum that was recorded with its name.</summary>
    /// <exception cref="SessionCatalogueException">There is no such entry or no checksum, or the content is not the recorded
    /// one.</exception>
    public void Verify(string name, Memfd file)
    {
        MustHaveChecksum(name);
        Verify(name, MemfdChecksum.Sha256(file));
    }

    /// <summary>Gets the checksum that was recorded with a name.</summary>
    /// <exception cref="SessionCatalogueException">There is no such entry, or no checksum.</exception>
    internal string MustHaveChecksum(string name) =>
        (Document.Find(_unit, name) ?? throw NoEntry(name)).Checksum
        ?? throw new SessionCatalogueException(SessionCatalogueFault.NoEntry, $"The catalogue has no checksum of \"{name}\".");

    /// <summary>Records a checksum of a memfd that is preserved already.</summary>
    /// <exception cref="ArgumentException">No memfd is preserved under this name.</exception>
    internal void Record(string name, string checksum)
    {
        CatalogueEntry entry = Document.Find(_unit, name) is { Length: null } found
            ? found
            : throw new ArgumentException($"No memfd is preserved under the name \"{name}\".", nameof(name));
        Document.Replace(entry with { Checksum = checksum });
    }

    /// <summary>Compares a checksum with the recorded one.</summary>
    internal void Verify(string name, string actual)
    {
        string expected = MustHaveChecksum(name);
        if (actual != expected)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.ContentMismatch, $"The content of \"{name}\" has the checksum {actual}; {expected} was recorded.");
        }
    }

    private SessionCatalogueException NoEntry(string name) =>
        Document.Unusable.FirstOrDefault(entry => entry.Unit == _unit && (entry.Index < 0 || entry.Name == name)) is { } unusable
            ? new(SessionCatalogueFault.Unusable,
                unusable.Index < 0
                    ? $"The catalogue's unit \"{_unit}\" cannot be used: {unusable.Reason}. Retrieve the files by their tokens."
                    : $"The catalogue's entry \"{name}\" of \"{_unit}\" cannot be used: {unusable.Reason}. Retrieve the file by its token.")
            : new(SessionCatalogueFault.NoEntry, $"The catalogue has no entry \"{name}\" of \"{_unit}\".");

    private void NameMustBeFree(string name)
    {
        if (Document.Find(_unit, name) is not null)
        {
            throw new ArgumentException($"The unit \"{_unit}\" has an entry \"{name}\" already.", nameof(name));
        }
    }
}
