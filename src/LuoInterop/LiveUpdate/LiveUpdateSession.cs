using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop;

/// <summary>Holds files that go to the next kernel, or that came from the previous one, under tokens.</summary>
/// <remarks>
/// <para>Nothing is dropped or finished by accident. An outgoing session keeps its files until <see cref="Abort"/> or
/// the end of the process; an incoming one until <see cref="Finish"/>. <see cref="Dispose"/> closes the descriptor only
/// where that does neither: otherwise it, like the finalizer, leaves it open and reports <see cref="SessionLeak"/>.</para>
/// <para>Call <see cref="HoldUntilKexec"/> when all is preserved, and <see cref="Finish"/> only after the restored state
/// has proved itself: it cannot be undone.</para>
/// <para>Since Linux 6.19. Source: <c>include/uapi/linux/liveupdate.h</c>, <c>kernel/liveupdate/luo_session.c</c>,
/// <c>luo_file.c</c>. Members may be called from several threads at once. Once reboot(KEXEC) has frozen the sessions every
/// call on them blocks until the kernel is gone.</para>
/// </remarks>
public sealed class LiveUpdateSession : IDisposable
{
    /// <summary>What the link text of a session's descriptor begins with (luo_session_getfile); its name follows as it is.</summary>
    private const string LinkPrefix = "anon_inode:[luo_session] ";

    private readonly SessionHandle _session;
    private readonly SessionNameBytes _nameBytes;

    /// <summary>Makes the object of a session that is created or retrieved later, which then allocates nothing.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <param name="name">The session's name: 1 to 63 bytes of UTF-8 without NUL.</param>
    /// <remarks>
    /// Make the objects before a live update's pause, and in the pause pass them to
    /// <see cref="LiveUpdateDevice.RetrieveSession(LiveUpdateSession)"/> or
    /// <see cref="LiveUpdateDevice.CreateSession(LiveUpdateSession)"/>.
    /// The kernel is not asked here.
    /// </remarks>
    public LiveUpdateSession(Kernel kernel, string name)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        SessionName.Encode(name, _nameBytes);
        Kernel = kernel;
        _session = new SessionHandle(kernel, name);
    }

    // Of a session that exists: its name is the kernel's, which takes what this library does not send.
    private LiveUpdateSession(Kernel kernel, SessionHandle session)
    {
        Kernel = kernel;
        _session = session;
    }

    /// <summary>Gets the kernel that answers.</summary>
    public Kernel Kernel { get; }

    /// <summary>Gets the session's name. Of an adopted session, bytes that are no UTF-8 are U+FFFD in it.</summary>
    public string Name => _session.Name;

    /// <summary>Gets where the session goes or comes from.</summary>
    public SessionDirection Direction => _session.Direction;

    /// <summary>Gets the name as the kernel's structures hold it.</summary>
    internal ref readonly SessionNameBytes NameBytes => ref _nameBytes;

    /// <summary>Gets whether <see cref="HoldUntilKexec"/> was called.</summary>
    public bool IsHeld => _session.Held;

    /// <summary>Gets the session's descriptor, for passing it to another process. It stays owned by this object.</summary>
    public SafeHandle Handle => _session;

    /// <summary>Takes over a session's descriptor that came from elsewhere: a service manager, a parent process, a lost object.</summary>
    /// <param name="kernel">The kernel that the descriptor belongs to.</param>
    /// <param name="fd">The descriptor, which belongs to the returned object from now on.</param>
    /// <exception cref="KernelException">
    /// The descriptor is no session (ENOTTY, EINVAL) or not open (EBADF), or the kernel is older than 7.2 and cannot tell the
    /// direction (EINVAL); it stays the caller's.
    /// </exception>
    /// <remarks>The kernel tells name and direction, and the descriptor is set to be closed on exec. Since Linux 7.2; for older
    /// kernels pass the direction.</remarks>
    public static LiveUpdateSession Adopt(Kernel kernel, int fd) => Adopt(kernel, fd, null);

    /// <summary>Takes over a session's descriptor that came from elsewhere, on any kernel with sessions.</summary>
    /// <param name="kernel">The kernel that the descriptor belongs to.</param>
    /// <param name="fd">The descriptor, which belongs to the returned object from now on.</param>
    /// <param name="direction">Where the session goes or comes from. Linux 7.2 and later say it themselves; older kernels do not,
    /// and take calls on the wrong kind of session, which damage it.</param>
    /// <exception cref="ArgumentException">The kernel says another direction, or it is <see cref="SessionDirection.None"/>; the
    /// descriptor stays the caller's.</exception>
    /// <exception cref="KernelException">The descriptor is no session (ENOTTY, EINVAL) or not open (EBADF); it stays the
    /// caller's.</exception>
    /// <remarks>Before Linux 7.2 the name is read from the descriptor's link in /proc. Since Linux 6.19.</remarks>
    public static LiveUpdateSession Adopt(Kernel kernel, int fd, SessionDirection direction) =>
        direction is SessionDirection.Outgoing or SessionDirection.Incoming
            ? Adopt(kernel, fd, (SessionDirection?)direction)
            : throw new ArgumentException("A session that exists is outgoing or incoming.", nameof(direction));

    /// <summary>Asks the kernel for the session's name: GET_NAME, and before Linux 7.2 the descriptor's link in /proc. Bytes that
    /// are no UTF-8 are shown as <c>\xNN</c>.</summary>
    /// <exception cref="KernelException">EBADF: there is no session yet.</exception>
    public string ReadName() => ReadName(Kernel, _session, out _);

    /// <summary>Preserves a file for the next kernel: PRESERVE_FD.</summary>
    /// <param name="file">The file. It stays the caller's, who may close it: the session keeps a reference of its own.</param>
    /// <param name="token">Any number that the session has not used yet; the next kernel's program retrieves the file by it.</param>
    /// <param name="options">What to let pass.</param>
    /// <exception cref="ArgumentException">The file has F_SEAL_EXEC, and <paramref name="options"/> does not let it pass.</exception>
    /// <exception cref="KernelException">
    /// EEXIST: the token is used; EBADF: not an open file; ENOENT: not a kind of file that can be preserved; EBUSY: preserved
    /// already; EFBIG, ENOMEM, ENOSPC: too large. Nothing has changed then.
    /// </exception>
    /// <exception cref="InvalidOperationException">The session is incoming; only a created one takes files.</exception>
    /// <remarks>
    /// From now on the file cannot change its size or its holes (EPERM), all of its pages are allocated and pinned, and its
    /// seals are fixed for the next kernel; its content goes over as it is at the kexec. There is no call that takes one file
    /// out again; see <see cref="Abort"/>. Allocates nothing.
    /// </remarks>
    public void Preserve(SafeHandle file, ulong token, PreserveOptions options = PreserveOptions.None)
    {
        ArgumentNullException.ThrowIfNull(file);
        MustBe(SessionDirection.Outgoing, "it takes no files. Create a session for the next kernel");
        if ((options & PreserveOptions.AllowExecSeal) == 0
            && Kernel.Fcntl(file, FcntlHeader.F_GET_SEALS) is >= 0 and var seals
            && (seals & FcntlHeader.F_SEAL_EXEC) != 0)
        {
            throw new ArgumentException(Preservability.ExecSealExplanation, nameof(file));
        }

        using var open = new DescriptorReference(file);

        // Keeps a Dispose on another thread from closing the session before the stake is settled.
        using var openSession = new DescriptorReference(_session);
        liveupdate_session_preserve_fd argument = default;
        argument.size = (uint)Unsafe.SizeOf<liveupdate_session_preserve_fd>();
        argument.fd = open.Fd;
        argument.token = token;
        _session.AddStake();
        int result;
        try
        {
            result = Kernel.Ioctl(_session, LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD, Bytes.Of(ref argument));
        }
        catch (ObjectDisposedException)
        {
            // Disposed on another thread before the kernel was asked.
            _session.RemoveStake();
            throw;
        }

        if (result < 0)
        {
            _session.RemoveStake();
            throw KernelException.For(result, Operation.PreserveFd, Name, token);
        }
    }

    /// <summary>Preserves a memfd for the next kernel: PRESERVE_FD.</summary>
    /// <inheritdoc cref="Preserve(SafeHandle, ulong, PreserveOptions)"/>
    public void Preserve(Memfd file, ulong token, PreserveOptions options = PreserveOptions.None)
    {
        ArgumentNullException.ThrowIfNull(file);
        Preserve(file.Handle, token, options);
    }

    /// <summary>Retrieves a file that the previous kernel handed over: RETRIEVE_FD.</summary>
    /// <param name="token">The token with which it was preserved.</param>
    /// <returns>The file of whatever kind, open for reading and writing, close-on-exec. It belongs to the caller and outlives the
    /// session.</returns>
    /// <exception cref="KernelException">
    /// ENOENT: no such token, or the session is finished; EIO, EINVAL, ENOMEM, EOPNOTSUPP and others: the file could not be
    /// restored, its content is lost, and every further attempt gets the same answer. EMFILE is not one of them: free a
    /// descriptor and retry.
    /// </exception>
    /// <exception cref="InvalidOperationException">The session is outgoing: it has nothing to retrieve; or a handle that was
    /// passed holds a file already.</exception>
    /// <remarks>
    /// A second call for a token returns another descriptor of the same open file, with the same position. The caller's
    /// memory cgroup is charged.
    /// </remarks>
    public KernelHandle RetrieveFile(ulong token)
    {
        // Made before the kernel is asked: what fails afterwards cannot lose the descriptor.
        var file = new KernelHandle(Kernel);
        RetrieveFile(token, file);
        return file;
    }

    /// <summary>Retrieves a file that the previous kernel handed over into a handle that was made before: RETRIEVE_FD. Allocates
    /// nothing.</summary>
    /// <param name="token">The token with which it was preserved.</param>
    /// <param name="file">A new <see cref="KernelHandle"/> of the same kernel, which holds nothing yet; also one that a
    /// <see cref="Memfd"/> was made around. It owns the file afterwards.</param>
    /// <exception cref="ArgumentException">The handle is of another kernel, which would close another file.</exception>
    /// <inheritdoc cref="RetrieveFile(ulong)"/>
    public void RetrieveFile(ulong token, KernelHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        file.MustBeEmpty();
        if (file.Kernel != Kernel)
        {
            throw new ArgumentException("The handle was made for another kernel.", nameof(file));
        }

        MustBe(SessionDirection.Incoming, "there is nothing to retrieve");
        liveupdate_session_retrieve_fd argument = default;
        argument.size = (uint)Unsafe.SizeOf<liveupdate_session_retrieve_fd>();
        argument.fd = -1;
        argument.token = token;
        int result = Kernel.Ioctl(_session, LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD, Bytes.Of(ref argument));
        if (result < 0)
        {
            throw KernelException.For(result, Operation.RetrieveFd, Name, token);
        }

        file.Take(argument.fd);
    }

    /// <summary>Retrieves a memfd that the previous kernel handed over: RETRIEVE_FD.</summary>
    /// <inheritdoc cref="RetrieveFile(ulong)"/>
    public Memfd RetrieveMemfd(ulong token) => new(RetrieveFile(token));

    /// <summary>Ends a retrieved session: FINISH. Files that were not retrieved are freed, for good.</summary>
    /// <exception cref="KernelException">EBUSY: a file is not ready, nothing was done.</exception>
    /// <exception cref="InvalidOperationException">The session is outgoing; see <see cref="Abort"/>.</exception>
    /// <remarks>
    /// Retrieved files stay open and are no longer tied to the session. A second call does nothing. Afterwards
    /// <see cref="Dispose"/> closes the descriptor.
    /// </remarks>
    public void Finish()
    {
        MustBe(SessionDirection.Incoming, "there is nothing to finish. Abort drops it");
        liveupdate_session_finish argument = default;
        argument.size = (uint)Unsafe.SizeOf<liveupdate_session_finish>();
        int result = Kernel.Ioctl(_session, LiveUpdateHeader.LIVEUPDATE_SESSION_FINISH, Bytes.Of(ref argument));
        if (result < 0)
        {
            throw KernelException.For(result, Operation.Finish, Name);
        }

        _session.End();
    }

    /// <summary>Drops an outgoing session and everything that it preserves, by closing its last descriptor.</summary>
    /// <exception cref="InvalidOperationException">
    /// The session is incoming: closing it would finish it; see <see cref="Finish"/>. Or it was disposed and its descriptor
    /// left open: <see cref="Adopt(LuoInterop.Kernel, int)"/> that one first.
    /// </exception>
    /// <remarks>The files themselves are not affected, but that they can change their size again. Where another process has a
    /// duplicate of the descriptor, the session lives on in it.</remarks>
    public void Abort()
    {
        MustBe(SessionDirection.Outgoing, "closing it would finish it. Call Finish if that is meant");
        if (_session.IsLeaked)
        {
            throw new InvalidOperationException($"The session \"{Name}\" was disposed while it preserves files, and its descriptor "
                + "was left open. Adopt the descriptor and abort that session.");
        }

        _session.End();
        _session.Dispose();
    }

    /// <summary>Keeps the session's descriptor open until the kernel is replaced or the process ends, whatever becomes of this
    /// object.</summary>
    /// <exception cref="InvalidOperationException">The session is incoming; the kernel carries only created sessions.</exception>
    public void HoldUntilKexec()
    {
        MustBe(SessionDirection.Outgoing, "a kexec does not carry it again. Finish it and preserve its files in a new session");
        ObjectDisposedException.ThrowIf(_session.IsClosed, this);
        _session.Held = true;
    }

    /// <summary>Takes <see cref="HoldUntilKexec"/> back, after a kexec that was refused.</summary>
    internal void EndHold() => _session.Held = false;

    /// <summary>Closes the session where that loses nothing; otherwise leaves its descriptor open and reports
    /// <see cref="SessionLeak"/>.</summary>
    /// <remarks>It loses nothing when an outgoing session preserves no file, or an incoming one is finished. A held session stays
    /// open without a report.</remarks>
    public void Dispose()
    {
        if (_session.IsClosed)
        {
            return;
        }

        if (!_session.CloseIsHarmless)
        {
            _session.Leak(SessionLeakCause.Disposed);
        }

        _session.Dispose();
    }

    /// <summary>Closes the descriptor of a session that another process holds too: it lives on there, and neither drops nor finishes
    /// anything.</summary>
    internal void CloseDuplicate()
    {
        _session.End();
        _session.Dispose();
    }

    /// <summary>Takes a descriptor that the kernel returned for this name. Nothing can fail here.</summary>
    internal void Open(int fd, SessionDirection direction) => _session.Open(fd, direction);

    /// <summary>Refuses an object that has, or had, a session, or that was made for another kernel.</summary>
    internal void MustBeNew(Kernel kernel)
    {
        if (_session.IsClosed || Direction != SessionDirection.None || kernel != Kernel)
        {
            ObjectDisposedException.ThrowIf(_session.IsClosed, this);
            MustBe(SessionDirection.None, "make a new object for another");
            throw new ArgumentException($"The object of the session \"{Name}\" was made for another kernel.");
        }
    }

    private static LiveUpdateSession Adopt(Kernel kernel, int fd, SessionDirection? told)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentOutOfRangeException.ThrowIfNegative(fd);
        using var borrowed = new SafeFileHandle(fd, ownsHandle: false);

        // The question that changes nothing, whatever the descriptor is, comes first: the next one is only for sessions.
        string name = ReadName(kernel, borrowed, out bool isOld);
        SessionDirection direction = !isOld ? DirectionOf(kernel, borrowed) : told ?? throw new KernelException(
            Errno.EINVAL,
            Operation.GetName,
            "the kernel is older than 7.2 and does not tell where a session goes. Pass the direction to Adopt.",
            name);
        if (told is { } expected && expected != direction)
        {
            throw new ArgumentException($"The session \"{name}\" is {direction}, not {expected}.", nameof(told));
        }

        var session = new LiveUpdateSession(kernel, new SessionHandle(kernel, name));

        // Inherited by a child process the session would outlive an abort here.
        int result = kernel.Fcntl(borrowed, FcntlHeader.F_SETFD, LibC.FD_CLOEXEC);
        if (result < 0)
        {
            throw KernelException.For(result, Operation.GetName, name);
        }

        session.Open(fd, direction);
        session._session.AddStake();
        return session;
    }

    /// <summary>Reads a session's name, by its link where the kernel is too old to be asked.</summary>
    private static string ReadName(Kernel kernel, SafeHandle session, out bool isOld)
    {
        liveupdate_session_get_name argument = default;
        argument.size = (uint)Unsafe.SizeOf<liveupdate_session_get_name>();
        int result = kernel.Ioctl(session, LiveUpdateHeader.LIVEUPDATE_SESSION_GET_NAME, Bytes.Of(ref argument));
        string link = "";
        isOld = result == -(int)Errno.EINVAL && kernel.ReadLink(session, out link) >= 0
            && link.StartsWith(LinkPrefix, StringComparison.Ordinal);
        return result >= 0 ? SessionName.Decode(argument.name)
            : isOld ? link[LinkPrefix.Length..]
            : throw KernelException.For(result, Operation.GetName);
    }

    /// <summary>Asks the kernel which kind a session is, by a call that cannot succeed.</summary>
    /// <remarks>PRESERVE_FD looks at the kind first (EINVAL), and at the descriptor, here none, before it changes anything
    /// (luo_session_ioctl, luo_preserve_file).</remarks>
    private static SessionDirection DirectionOf(Kernel kernel, SafeHandle session)
    {
        liveupdate_session_preserve_fd argument = default;
        argument.size = (uint)Unsafe.SizeOf<liveupdate_session_preserve_fd>();
        argument.fd = -1;
        int result = kernel.Ioctl(session, LiveUpdateHeader.LIVEUPDATE_SESSION_PRESERVE_FD, Bytes.Of(ref argument));
        return result == -(int)Errno.EINVAL ? SessionDirection.Incoming : SessionDirection.Outgoing;
    }

    /// <summary>Refuses a call on the wrong kind of session: Linux before 7.2 does not, and damages the session.</summary>
    private void MustBe(SessionDirection direction, string why)
    {
        if (Direction != direction)
        {
            string origin = Direction switch
            {
                SessionDirection.Incoming => "was retrieved from the previous kernel",
                SessionDirection.Outgoing => "was created in this kernel",
                _ => "has neither been created nor retrieved yet",
            };
            why = Direction == SessionDirection.None ? "pass it to LiveUpdateDevice.CreateSession or RetrieveSession first" : why;
            throw new InvalidOperationException($"The session \"{Name}\" {origin}: {why}.");
        }
    }
}
