using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace LuoInterop;

/// <summary>Carries a program's memory files and small states, under names, through updates of the kernel.</summary>
/// <remarks>
/// <para>The same program runs in every kernel: it opens the update by its name, resumes where <see cref="Resumed"/> says so, and
/// starts otherwise. <see cref="Finish"/> belongs after proof of life; <see cref="Handover"/> starts the next kernel.</para>
/// <para>Every <see cref="Preserve"/> and <see cref="PreserveBytes"/> is written into the session at once, names and all: also when
/// another program starts the next kernel, everything that was preserved goes over, as long as this process lives.</para>
/// <para>It is made of <see cref="LiveUpdateDevice"/>, <see cref="LiveUpdateSession"/> and <see cref="SessionCatalogue"/>, which
/// <see cref="Incoming"/> and <see cref="Outgoing"/> give out. The device is open only while a session is retrieved or created.</para>
/// <para>Nothing is lost by accident: what was not finished or handed over stays with the process when this object is disposed or
/// collected, and <see cref="SessionLeak"/> is reported. Since Linux 6.19. Members may be called from several threads at once.</para>
/// </remarks>
public sealed partial class LiveUpdate : IDisposable
{
    /// <summary>Room for about a thousand names: the catalogue's file cannot grow once it is preserved.</summary>
    private const int CatalogueRoom = 128 << 10;

    private readonly Lock _lock = new();
    private readonly string _devicePath;
    private readonly SessionCatalogue? _retrieved;
    private readonly ExceptionDispatchInfo? _catalogueFault;
    private SessionCatalogue? _preserved;
    private bool _isFinished;
    private bool _isDisposed;

    private LiveUpdate(Kernel kernel, string name, string devicePath, LiveUpdateSession? incoming)
    {
        Kernel = kernel;
        Name = name;
        _devicePath = devicePath;
        Incoming = incoming;
        if (incoming is null)
        {
            return;
        }

        try
        {
            _retrieved = SessionCatalogue.Open(incoming);
        }
        catch (Exception error) when (error is SessionCatalogueException or KernelException)
        {
            // Thrown to who asks for a name: the session has to reach the program, which can still retrieve its files by their tokens.
            _catalogueFault = ExceptionDispatchInfo.Capture(error);
        }
    }

    /// <summary>Gets the kernel that answers.</summary>
    public Kernel Kernel { get; }

    /// <summary>Gets the name of the update, and of its sessions.</summary>
    public string Name { get; }

    /// <summary>Gets whether the previous kernel handed a session of this name over: resume, do not start. It stays true after
    /// <see cref="Finish"/>.</summary>
    [MemberNotNullWhen(true, nameof(Incoming))]
    public bool Resumed => Incoming is not null;

    /// <summary>Gets the session that came from the previous kernel; null where none did. It stays owned by this object.</summary>
    public LiveUpdateSession? Incoming { get; }

    /// <summary>Gets the session that goes to the next kernel; null while nothing is preserved. It stays owned by this object.</summary>
    public LiveUpdateSession? Outgoing { get; private set; }

    /// <summary>Gets how many live updates the state has gone through; 0 where it is new, or its catalogue cannot be used.</summary>
    public long KexecsCount => _retrieved?.Document.KexecsCount ?? 0;

    /// <summary>Opens an update on the kernel that this process runs on.</summary>
    /// <inheritdoc cref="Open(Kernel, string, string)"/>
    public static LiveUpdate Open(string name) => Open(Kernel.Linux, name);

    /// <summary>Opens an update: retrieves its session where the previous kernel handed one over.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <param name="name">The update's name, the same in every kernel: 1 to 63 bytes of UTF-8 without NUL, of no other program.</param>
    /// <param name="devicePath">The device node.</param>
    /// <returns>The update. Dispose it when the program ends.</returns>
    /// <exception cref="KernelException">
    /// ENOENT: the kernel has no live update; EBUSY: another process has the device at the moment; EACCES, EPERM; EIO: what was
    /// handed over cannot
    /// be read; EINVAL: the session is open already, in this process or another one.
    /// </exception>
    public static LiveUpdate Open(Kernel kernel, string name, string devicePath = LiveUpdateDevice.DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        LiveUpdateSession? incoming;
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(kernel, devicePath))
        {
            device.TryRetrieveSession(name, out incoming);
        }

        try
        {
            return new LiveUpdate(kernel, name, devicePath, incoming);
        }
        catch
        {
            // Nobody else knows of the session: it stays open, and is reported.
            incoming?.Dispose();
            throw;
        }
    }

    /// <summary>Makes an update of a session that another process of this kernel has retrieved and passed on, for a program that can
    /// do with it what the first could not.</summary>
    /// <param name="session">The retrieved session, such as <see cref="LiveUpdateSession.Adopt(LuoInterop.Kernel, int)"/> gives. It belongs
    /// to the update from now on, unless this throws.</param>
    /// <param name="devicePath">The device node.</param>
    /// <returns>The update, whose <see cref="Resumed"/> is true. Files that the other process has retrieved can be retrieved again, and are
    /// the same files; who finishes first ends it for both.</returns>
    /// <exception cref="ArgumentException">The session was not retrieved.</exception>
    public static LiveUpdate Adopt(LiveUpdateSession session, string devicePath = LiveUpdateDevice.DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.Direction == SessionDirection.Incoming
            ? new LiveUpdate(session.Kernel, session.Name, devicePath, session)
            : throw new ArgumentException("Only a session that was retrieved can be resumed.", nameof(session));
    }

    /// <summary>Tells whether the previous kernel handed something over under a name.</summary>
    /// <exception cref="SessionCatalogueException">The catalogue of the session cannot be used.</exception>
    public bool Contains(string name) => Resumed && Catalogue().Contains(name);

    /// <summary>Retrieves a memfd by its name.</summary>
    /// <returns>The memfd, which belongs to the caller and outlives this object. Once more, it is another descriptor of the same
    /// file.</returns>
    /// <exception cref="InvalidOperationException">Nothing was resumed, or it is finished.</exception>
    /// <exception cref="SessionCatalogueException">There is no memfd of this name, or its size is another; or the catalogue cannot
    /// be used: retrieve by tokens, through <see cref="Incoming"/>.</exception>
    /// <exception cref="KernelException">The kernel could not restore it; see
    /// <see cref="LiveUpdateSession.RetrieveFile(ulong)"/>.</exception>
    public Memfd RetrieveMemfd(string name)
    {
        lock (_lock)
        {
            return Catalogue().Retrieve(name);
        }
    }

    /// <summary>Retrieves a small state by its name, in version 1 of its format.</summary>
    /// <inheritdoc cref="RetrieveBytes(string, int, out int)"/>
    public byte[] RetrieveBytes(string name) => RetrieveBytes(name, 1, out _);

    /// <summary>Retrieves a small state by its name, and checks it against its checksum.</summary>
    /// <param name="name">The name under which it was preserved.</param>
    /// <param name="newestVersion">The newest version of the state's format that the caller knows.</param>
    /// <param name="version">The version that the state has.</param>
    /// <returns>A copy of the state.</returns>
    /// <exception cref="InvalidOperationException">Nothing was resumed, or it is finished.</exception>
    /// <exception cref="SessionCatalogueException">As <see cref="SessionCatalogue.RetrieveBytes"/>, or the catalogue cannot be
    /// used.</exception>
    /// <exception cref="KernelException">The kernel could not restore it.</exception>
    public byte[] RetrieveBytes(string name, int newestVersion, out int version)
    {
        lock (_lock)
        {
            return Catalogue().RetrieveBytes(name, newestVersion, out version);
        }
    }

    /// <summary>Preserves a memfd for the next kernel under a name.</summary>
    /// <param name="name">A name that nothing else has.</param>
    /// <param name="file">The memfd. It stays the caller's, who may close it.</param>
    /// <param name="options">What to let pass.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">The name is used already, or the file has F_SEAL_EXEC.</exception>
    /// <exception cref="KernelException">
    /// EBUSY: another process has the device at the moment, or the file came from the previous kernel and is not finished; EEXIST:
    /// another program
    /// has an outgoing session of this name; and what <see cref="LiveUpdateSession.Preserve(Memfd, ulong, PreserveOptions)"/>
    /// gets. Nothing has changed then.
    /// </exception>
    /// <remarks>
    /// From now on the file cannot change its size or its holes (EPERM); its content goes over as it is at the kexec. Missing
    /// pages are allocated
    /// during the call: preserve a guest's RAM while the guest still runs, or use <see cref="PreserveAsync"/>.
    /// </remarks>
    public LiveUpdate Preserve(string name, Memfd file, PreserveOptions options = PreserveOptions.None)
    {
        ArgumentNullException.ThrowIfNull(file);
        lock (_lock)
        {
            SessionCatalogue catalogue = Prepare();
            catalogue.Preserve(name, file, null, options);
            catalogue.Commit(CatalogueRoom);
            return this;
        }
    }

    /// <summary>Preserves a small state for the next kernel under a name, with its checksum and the version of its format. A later
    /// one replaces it.</summary>
    /// <param name="name">A name that no memfd has.</param>
    /// <param name="bytes">The state, at most 16 MiB; it is copied.</param>
    /// <param name="version">The version of the state's format, from 1 on.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">The name belongs to a memfd, or the state is too large.</exception>
    /// <exception cref="KernelException">EBUSY: another process has the device at the moment; EEXIST: another program has an
    /// outgoing session of this name; ENOMEM, EMFILE and others.</exception>
    public LiveUpdate PreserveBytes(string name, ReadOnlySpan<byte> bytes, int version = 1)
    {
        lock (_lock)
        {
            SessionCatalogue catalogue = Prepare();
            catalogue.PreserveBytes(name, bytes, version);
            catalogue.Commit(CatalogueRoom);
            return this;
        }
    }

    /// <summary>Starts the next kernel with all that is preserved: holds the session, and jumps. Returns only by an exception.</summary>
    /// <param name="image">The next kernel, loaded on the same kernel as this update.</param>
    /// <param name="options">What the jump may let pass.</param>
    /// <exception cref="InvalidOperationException">Nothing is preserved, or what came from the previous kernel is not finished:
    /// the jump would lose it.</exception>
    /// <exception cref="KernelException">As <see cref="KexecImage.Reboot(KexecRebootOptions)"/>. The system runs on and everything
    /// is as before: preserve more, replace a state, try again.</exception>
    [DoesNotReturn]
    public void Handover(KexecImage image, KexecRebootOptions options = KexecRebootOptions.None)
    {
        ArgumentNullException.ThrowIfNull(image);
        lock (_lock)
        {
            LiveUpdateSession session = MustBeReady(image);
            session.HoldUntilKexec();
            try
            {
                image.Reboot(options);
            }
            catch (KernelException)
            {
                session.EndHold();
                throw;
            }
        }

        throw new UnreachableException("reboot(KEXEC) neither jumped nor refused.");
    }

    /// <summary>Ends what came from the previous kernel, after the restored state has proved itself: files that were not retrieved
    /// are freed, for good.</summary>
    /// <exception cref="InvalidOperationException">Nothing was resumed.</exception>
    /// <exception cref="KernelException">EBUSY: a file is not ready; nothing was done.</exception>
    /// <remarks>Retrieved memfds stay open, and can be preserved again. A second call does nothing.</remarks>
    public void Finish()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            LiveUpdateSession session = Incoming ?? throw NothingResumed();
            if (!_isFinished)
            {
                session.Finish();
                session.Dispose();
                _isFinished = true;
            }
        }
    }

    /// <summary>Drops what is preserved for the next kernel. The files themselves are not affected, but that they can change their
    /// size again.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _preserved?.Dispose();
            _preserved = null;
            Outgoing?.Abort();
            Outgoing = null;
        }
    }

    /// <summary>Closes what can be closed without loss. A session that is neither finished nor handed over stays open until the
    /// process ends, and <see cref="SessionLeak"/> is reported.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _preserved?.Dispose();
                _retrieved?.Dispose();
                Outgoing?.Dispose();
                Incoming?.Dispose();
            }
        }
    }

    private SessionCatalogue Catalogue()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isFinished)
        {
            throw new InvalidOperationException($"The update \"{Name}\" is finished: what was not retrieved before is freed.");
        }

        _catalogueFault?.Throw();
        return _retrieved ?? throw NothingResumed();
    }

    /// <summary>Gets the catalogue of the outgoing session, which the first call creates.</summary>
    private SessionCatalogue Prepare()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_preserved is null)
        {
            using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel, _devicePath);
            Outgoing = device.CreateSession(Name);
            _preserved = SessionCatalogue.Create(Outgoing, previous: _retrieved?.Document);
        }

        return _preserved;
    }

    private LiveUpdateSession MustBeReady(KexecImage image)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (image.Kernel.Innermost != Kernel.Innermost)
        {
            throw new ArgumentException("The image was loaded on another kernel.", nameof(image));
        }

        if (Resumed && !_isFinished)
        {
            throw new InvalidOperationException($"What the update \"{Name}\" brought from the previous kernel is not finished, and a "
                + "kexec does not carry it again. Finish it, and preserve its files.");
        }

        return Outgoing ?? throw new InvalidOperationException($"The update \"{Name}\" preserves nothing: the next kernel would start "
            + "without it. Call Preserve first.");
    }

    private InvalidOperationException NothingResumed() => new($"The previous kernel handed nothing over for the update \"{Name}\". "
        + "Look at Resumed first.");
}
