using System.Runtime.InteropServices;

namespace LuoInterop.Systemd;

/// <summary>Is a session of the Live Update Orchestrator that systemd made for the unit and holds in its store:
/// <c>LUOSession=</c>.</summary>
/// <remarks>
/// <para>At the first start after a boot without live update the session is outgoing: preserve files into it, and systemd carries it.
/// After <c>systemctl kexec</c> the unit is handed the same name again, and that session is incoming: files are retrieved from it, the
/// kernel takes no file into it (EINVAL), and <b>does not carry it a second time</b>. <see cref="Complete"/> ends it and removes it from
/// the store; systemd makes an outgoing one at the next start of the unit. Until then what was retrieved is carried by nobody: store
/// memfds in the store itself, or restart the unit.</para>
/// <para>Memory alone needs none of this: memfds in the store live through any number of live updates. Since systemd 262.</para>
/// </remarks>
public sealed class HandedSession : IDisposable
{
    private readonly FileDescriptorStore _store;
    private readonly KernelHandle _received;

    internal HandedSession(FileDescriptorStore store, string name, LiveUpdateSession session, KernelHandle received)
    {
        _store = store;
        _received = received;
        Name = name;
        Session = session;
    }

    /// <summary>Gets the name in the unit (LUOSession=). The kernel's is <see cref="LiveUpdateSession.Name"/>.</summary>
    public string Name { get; }

    /// <summary>Gets the session. This object closes it.</summary>
    public LiveUpdateSession Session { get; }

    /// <summary>Gets whether files go into it, or came with it.</summary>
    public SessionDirection Direction => Session.Direction;

    /// <summary>Preserves a file for the next kernel.</summary>
    /// <exception cref="InvalidOperationException">The session is incoming: a kexec does not carry it again.</exception>
    /// <inheritdoc cref="LiveUpdateSession.Preserve(SafeHandle, ulong, PreserveOptions)"/>
    public void Preserve(SafeHandle file, ulong token, PreserveOptions options = PreserveOptions.None)
    {
        if (Direction == SessionDirection.Incoming)
        {
            throw new InvalidOperationException(
                $"The session \"{Name}\" came from the previous kernel, and is not carried again. Retrieve its files, call Complete, and "
                    + "restart the unit: systemd then makes an outgoing session of the name. Memfds can go into the store itself instead.");
        }

        Session.Preserve(file, token, options);
    }

    /// <summary>Ends an incoming session: FINISH, then removes it from the store, and waits for systemd. Files that were not retrieved are
    /// freed, for good.</summary>
    /// <param name="timeout">How long to wait for systemd; <see cref="FileDescriptorStore.DefaultTimeout"/> if null.</param>
    /// <exception cref="InvalidOperationException">The session is outgoing; <see cref="Dispose"/> is all that it needs.</exception>
    /// <exception cref="KernelException">EBUSY: a file is not ready, nothing was done; or the message to systemd was refused: call
    /// again.</exception>
    /// <exception cref="TimeoutException">systemd did not answer in time: call again.</exception>
    public void Complete(TimeSpan? timeout = null)
    {
        Session.Finish();
        _store.Remove(Name, timeout);
        _store.Barrier(timeout);
    }

    /// <summary>Closes this process' descriptor of the session. systemd has its own, so that nothing is dropped or finished by
    /// it.</summary>
    public void Dispose()
    {
        Session.CloseDuplicate();
        _received.Dispose();
    }
}
