using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Opens <c>/dev/liveupdate</c>, through which sessions are created for the next kernel and retrieved from the previous
/// one.</summary>
/// <remarks>
/// <para>The device is single-opener: while this object is open every other open, in any process, gets EBUSY. Keep it no
/// longer than the calls need; sessions live on without it.</para>
/// <para>The first open after a boot makes the kernel read the sessions that were handed over.</para>
/// <para>Since Linux 6.19. Source: <c>include/uapi/linux/liveupdate.h</c>, <c>kernel/liveupdate/luo_core.c</c>.
/// Members may be called from several threads at once.</para>
/// </remarks>
public sealed class LiveUpdateDevice : IDisposable
{
    /// <summary>The path of the device node.</summary>
    public const string DefaultPath = "/dev/liveupdate";

    private readonly DeviceHandle _device;
    private readonly OutgoingSessions _sessions;

    private LiveUpdateDevice(Kernel kernel)
    {
        Kernel = kernel;
        _device = new DeviceHandle(kernel);
        _sessions = OutgoingSessions.Of(kernel);
    }

    /// <summary>Gets the kernel that answers.</summary>
    public Kernel Kernel { get; }

    /// <summary>Gets the device's descriptor, for calls that the library does not offer. It stays owned by this object.</summary>
    public SafeHandle Handle => _device;

    /// <summary>Opens the device.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <param name="path">The device node.</param>
    /// <exception cref="KernelException">
    /// The device cannot be opened: ENOENT where LUO is missing or off, EBUSY while somebody else has it open, EACCES or EPERM
    /// without permission, EIO when the handed-over sessions cannot be read. The message says why and what to do.
    /// </exception>
    public static LiveUpdateDevice Open(Kernel kernel, string path = DefaultPath)
    {
        if (TryOpen(kernel, out LiveUpdateDevice? device, out LiveUpdateAvailability availability, path))
        {
            return device;
        }

        string holders = availability.Reason == LiveUpdateUnavailableReason.Busy && kernel.DescribeHolders(path) is { } names ? $" It "
            + $"is held by {names}." : "";
        throw new KernelException(availability.Errno, Operation.OpenDevice, availability + holders);
    }

    /// <summary>Opens the device where that is possible, and says why where it is not.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <param name="device">The device, or null.</param>
    /// <param name="availability">Why it could not be opened and what to do.</param>
    /// <param name="path">The device node.</param>
    /// <remarks>Who holds a busy device is not looked for, so that a program may ask often; <see cref="Kernel.DescribeHolders"/>
    /// and the exception of <see cref="Open"/> tell it.</remarks>
    public static bool TryOpen(
        Kernel kernel,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out LiveUpdateDevice? device,
        out LiveUpdateAvailability availability,
        string path = DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var opened = new LiveUpdateDevice(kernel);
        int error = opened._sessions.OpenDevice(kernel, path, opened._device);
        device = error == 0 ? opened : null;
        availability = error == 0
            ? new LiveUpdateAvailability(LiveUpdateUnavailableReason.None, Errno.None, $"{path} is open.", "")
            : AvailabilityDiagnosis.Explain(kernel, path, (Errno)(-error));
        return device is not null;
    }

    /// <summary>Creates a session, whose files the next kernel will hold: CREATE_SESSION.</summary>
    /// <param name="name">1 to 63 bytes of UTF-8 without NUL, unlike every open outgoing session's.</param>
    /// <returns>The session. Its descriptor belongs to it; the files that it preserves live until it is aborted or its process
    /// ends.</returns>
    /// <exception cref="KernelException">EEXIST: a session of this name is open; ENOSPC, ENOMEM, EMFILE, ENFILE: a limit.</exception>
    /// <remarks>
    /// Linux 7.2 and 7.3 leave an empty block behind a create that fails with EEXIST while 51*n sessions are open, and the
    /// next kernel panics on it (<c>luo_session_insert</c> in luo_session.c, <c>kho_block_set_restore</c> in kho_block.c).
    /// After such a failure this method creates and closes a session of a unique name, which removes the block;
    /// <see cref="KexecImage.Reboot()"/> refuses to go on while that has not succeeded.
    /// </remarks>
    public LiveUpdateSession CreateSession(string name)
    {
        // Made before the kernel is asked: what fails afterwards cannot lose the descriptor.
        var session = new LiveUpdateSession(Kernel, name);
        CreateSession(session);
        return session;
    }

    /// <summary>Creates a session through an object that was made before: CREATE_SESSION. Allocates nothing.</summary>
    /// <param name="session">An object that was neither created nor retrieved. After a refusal it is as before.</param>
    /// <exception cref="InvalidOperationException">The object has a session already.</exception>
    /// <exception cref="ArgumentException">The object was made for another kernel.</exception>
    /// <exception cref="KernelException">EEXIST: a session of this name is open; ENOSPC, ENOMEM, EMFILE, ENFILE: a limit.</exception>
    /// <inheritdoc cref="CreateSession(string)"/>
    public void CreateSession(LiveUpdateSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        OutgoingSessions sessions = _sessions;

        // Disposed meanwhile on another thread, the device is closed when all is settled.
        using var open = new DescriptorReference(_device);
        lock (sessions.Lock)
        {
            session.MustBeNew(Kernel);
            liveupdate_ioctl_create_session argument = default;
            argument.name = session.NameBytes;
            int result = sessions.Create(Kernel, _device, ref argument);
            if (result < 0)
            {
                throw Refused(result, session.Name);
            }

            session.Open(argument.fd, SessionDirection.Outgoing);
        }
    }

    /// <summary>Retrieves a session that the previous kernel handed over: RETRIEVE_SESSION.</summary>
    /// <param name="name">The name with which it was created.</param>
    /// <returns>The session. Close it by <see cref="LiveUpdateSession.Finish"/>; until then nothing of it is freed.</returns>
    /// <exception cref="KernelException">ENOENT: there is none; EINVAL: it was retrieved already and is still open.</exception>
    public LiveUpdateSession RetrieveSession(string name)
    {
        var session = new LiveUpdateSession(Kernel, name);
        RetrieveSession(session);
        return session;
    }

    /// <summary>Retrieves a session through an object that was made before: RETRIEVE_SESSION. Allocates nothing.</summary>
    /// <param name="session">An object that was neither created nor retrieved. After a refusal it is as before.</param>
    /// <exception cref="InvalidOperationException">The object has a session already.</exception>
    /// <exception cref="ArgumentException">The object was made for another kernel.</exception>
    /// <exception cref="KernelException">ENOENT: there is none; EINVAL: it was retrieved already and is still open.</exception>
    /// <remarks>Not to be called for one object from several threads at once.</remarks>
    public void RetrieveSession(LiveUpdateSession session)
    {
        if (!TryRetrieveSession(session))
        {
            throw KernelException.For(-(int)Errno.ENOENT, Operation.RetrieveSession, session.Name);
        }
    }

    /// <summary>Retrieves a session if the previous kernel handed one of this name over; on a first boot there is none.</summary>
    /// <returns>False when the kernel has no such session (ENOENT).</returns>
    /// <exception cref="KernelException">EINVAL: it was retrieved already and is still open.</exception>
    public bool TryRetrieveSession(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out LiveUpdateSession? session)
    {
        var made = new LiveUpdateSession(Kernel, name);
        bool found = TryRetrieveSession(made);
        session = found ? made : null;
        return found;
    }

    /// <summary>Retrieves a session through an object that was made before, if the previous kernel handed one of its name over.
    /// Allocates nothing.</summary>
    /// <returns>False when the kernel has no such session (ENOENT); the object is as before.</returns>
    /// <exception cref="KernelException">EINVAL: it was retrieved already and is still open.</exception>
    /// <inheritdoc cref="RetrieveSession(LiveUpdateSession)"/>
    public bool TryRetrieveSession(LiveUpdateSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        session.MustBeNew(Kernel);
        liveupdate_ioctl_retrieve_session argument = default;
        argument.name = session.NameBytes;
        argument.size = (uint)Unsafe.SizeOf<liveupdate_ioctl_retrieve_session>();
        argument.fd = -1;
        int result = Kernel.Ioctl(_device, LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION, Bytes.Of(ref argument));
        if (result >= 0)
        {
            session.Open(argument.fd, SessionDirection.Incoming);
        }

        return result >= 0
            || (result == -(int)Errno.ENOENT ? false : throw KernelException.For(result, Operation.RetrieveSession, session.Name));
    }

    /// <summary>Closes the device, so that others can open it. Sessions are not affected.</summary>
    public void Dispose() => _device.Dispose();

    /// <summary>Makes the exception for a refused create, and removes the empty block that it, or one before it, may have left.</summary>
    private KernelException Refused(int result, string name)
    {
        OutgoingSessions sessions = _sessions;
        int settled = sessions.MayHaveEmptyBlock ? sessions.Settle(Kernel, _device) : 0;
        return !sessions.MayHaveEmptyBlock
            ? KernelException.For(result, Operation.CreateSession, name)
            : new KernelException(
                (Errno)(-result),
                Operation.CreateSession,
                $"{Refusal.Explain(Operation.CreateSession, (Errno)(-result))} The kernel may now hold an empty block that would "
                    + $"panic the next kernel, and removing it failed with {(Errno)(-settled)}; KexecImage.Reboot will try again and "
                    + "refuse to go on without.",
                name);
    }
}
