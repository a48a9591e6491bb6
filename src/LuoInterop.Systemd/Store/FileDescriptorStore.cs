using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using LuoInterop.Systemd.Store;

namespace LuoInterop.Systemd;

/// <summary>Keeps a service's descriptors in systemd while the service is down, or while the kernel is replaced.</summary>
/// <remarks>
/// <para>A unit has a store with <c>FileDescriptorStoreMax=</c>. It is there after a restart and a crash; with
/// <c>FileDescriptorStorePreserve=yes</c> also after a stop, and over <c>systemctl kexec</c> (systemd 261 and later, memfds and sessions).
/// No privilege is needed.</para>
/// <para>A process has one store. Members may be called from several threads at once; messages go one after the other. Sources:
/// sd_notify(3), sd_listen_fds(3), systemd's src/core/service.c.</para>
/// </remarks>
public sealed partial class FileDescriptorStore : IDisposable
{
    private static readonly Lock s_opening = new();
    private static FileDescriptorStore? s_store;

    private readonly Lock _lock = new();
    private readonly NotifySocket _socket;
    private readonly List<StoredCopy> _copies = [];
    private bool _disposed;

    private FileDescriptorStore(Kernel kernel, NotifySocket socket, int capacity, ReceivedDescriptors received)
    {
        Kernel = kernel;
        _socket = socket;
        Capacity = capacity;
        Received = received;
        foreach (ReceivedDescriptor one in received)
        {
            _copies.Add(StoredCopy.OfReceived(kernel, one));
        }
    }

    /// <summary>Gets how long a call waits for systemd unless it is told otherwise.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets the kernel that the descriptors belong to.</summary>
    public Kernel Kernel { get; }

    /// <summary>Gets the most descriptors that systemd keeps for the unit: FileDescriptorStoreMax=.</summary>
    public int Capacity { get; }

    /// <summary>Gets what systemd passed at the start of this process.</summary>
    public ReceivedDescriptors Received { get; }

    /// <summary>Gets the names that are known to be in the store, or that may be there since an answer did not come.</summary>
    public IReadOnlyCollection<string> Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _copies.Select(static copy => copy.Name.Name).Distinct()];
            }
        }
    }

    /// <summary>Opens the store of this service. The first call takes the passed descriptors, and removes what tells of them from the
    /// environment; later ones give the same store.</summary>
    /// <exception cref="FileDescriptorStoreException">There is no store, or the environment is malformed; its message says why and what to
    /// do.</exception>
    /// <exception cref="KernelException">The kernel refused a call.</exception>
    /// <remarks>Call it early: descriptors 3 and up are others' to close until then.</remarks>
    public static FileDescriptorStore Open() =>
        TryOpen(out FileDescriptorStore? store, out FileDescriptorStoreException? reason) ? store : throw reason;

    /// <summary>Opens the store of this service, if it has one.</summary>
    /// <param name="store">The store.</param>
    /// <param name="whyNot">Why there is none: not under systemd (<see cref="StoreRefusal.NoServiceManager"/>), or
    /// FileDescriptorStoreMax= is 0 (<see cref="StoreRefusal.NoStore"/>), or a shell or a launcher of the unit started this process
    /// (<see cref="StoreRefusal.NotMainProcess"/>).</param>
    /// <exception cref="FileDescriptorStoreException">The environment is malformed.</exception>
    /// <inheritdoc cref="Open"/>
    public static bool TryOpen(
        [NotNullWhen(true)] out FileDescriptorStore? store, [NotNullWhen(false)] out FileDescriptorStoreException? whyNot)
    {
        lock (s_opening)
        {
            whyNot = null;
            store = s_store;
            if (store is not null || !TryOpen(Kernel.Linux, ServiceEnvironment.OfThisProcess(), out store, out whyNot))
            {
                return store is not null;
            }

            ServiceEnvironment.ForgetDescriptors();
            s_store = store;
            return true;
        }
    }

    /// <summary>Stores a descriptor under a name, in the place of what was stored under it, and waits until systemd has it.</summary>
    /// <param name="name">1 to 234 printable ASCII characters without ':', not ending with '~' and a number.</param>
    /// <param name="descriptor">The descriptor, which stays the caller's. systemd gets its own, which does not keep the caller's position:
    /// of a memfd it starts at 0.</param>
    /// <param name="timeout">How long to wait for systemd; <see cref="DefaultTimeout"/> if null.</param>
    /// <returns>Whether systemd was seen to hold it: always so for memfds.</returns>
    /// <exception cref="ArgumentException">The name is none that systemd takes.</exception>
    /// <exception cref="FileDescriptorStoreException">
    /// The store is full (<see cref="StoreRefusal.Full"/>), systemd did not keep the descriptor (<see cref="StoreRefusal.NotKept"/>), or it
    /// is stored under another name (<see cref="StoreRefusal.WrongDescriptor"/>). What was stored before is still there.
    /// </exception>
    /// <exception cref="TimeoutException">systemd did not answer in time. It may store the descriptor yet, beside what was stored before.
    /// Call again.</exception>
    /// <exception cref="KernelException">The message was refused: ECONNREFUSED, ENOENT, EACCES, EMSGSIZE, ENOBUFS, ETOOMANYREFS and others.
    /// What was stored before is still there.</exception>
    /// <remarks>
    /// <para>A replacement gets a name with a number (<c>cache~2</c>), and the old one is removed only when the new one was seen in the
    /// store. A crash at any moment leaves one of them or both, and the next start takes the newer. So a replacement needs a free place,
    /// and
    /// for what is no memfd two.</para>
    /// <para>The same file under the same name is stored once. systemd does not close it when it is hung up (FDPOLL=0).</para>
    /// </remarks>
    public StoreProof Store(string name, SafeHandle descriptor, TimeSpan? timeout = null) =>
        Store(name, descriptor, Deadline.In(timeout ?? DefaultTimeout));

    /// <summary>Removes what is stored under a name. Unknown names are no error.</summary>
    /// <param name="name">The name with which it was stored.</param>
    /// <param name="timeout">How long to wait until systemd can be told; <see cref="DefaultTimeout"/> if null.</param>
    /// <exception cref="TimeoutException">systemd reads no messages. Call again.</exception>
    /// <exception cref="KernelException">The message was refused.</exception>
    /// <remarks>The caller's own descriptors are not closed. systemd has done it when a <see cref="Barrier(TimeSpan?)"/> after it
    /// passes.</remarks>
    public void Remove(string name, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!DescriptorName.IsValidStored(name))
        {
            throw new ArgumentException("systemd keeps nothing under such a name.", nameof(name));
        }

        Deadline deadline = Deadline.In(timeout ?? DefaultTimeout);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            string[] known = [.. _copies.Where(copy => copy.Name.Name == name).Select(static copy => copy.Name.Stored).Distinct()];
            foreach (string stored in known.Length == 0 ? [name] : known)
            {
                RemoveStored(stored, deadline);
            }
        }
    }

    /// <summary>Waits until systemd has done all that it was told before: BARRIER=1.</summary>
    /// <param name="timeout">How long to wait; <see cref="DefaultTimeout"/> if null.</param>
    /// <exception cref="TimeoutException">systemd did not answer in time.</exception>
    /// <exception cref="KernelException">The message was refused.</exception>
    public void Barrier(TimeSpan? timeout = null)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            WaitForBarrier(Deadline.In(timeout ?? DefaultTimeout));
        }
    }

    /// <inheritdoc cref="Store(string, SafeHandle, TimeSpan?)"/>
    /// <param name="name">1 to 234 printable ASCII characters without ':', not ending with '~' and a number.</param>
    /// <param name="descriptor">The descriptor, which stays the caller's.</param>
    /// <param name="timeout">How long to wait for systemd; <see cref="DefaultTimeout"/> if null.</param>
    /// <param name="cancellation">Ends the waiting, as the end of the time does.</param>
    public Task<StoreProof> StoreAsync(
        string name, SafeHandle descriptor, TimeSpan? timeout = null, CancellationToken cancellation = default) =>
        OnAThread(() => Store(name, descriptor, Deadline.In(timeout ?? DefaultTimeout, cancellation)), cancellation);

    /// <inheritdoc cref="Barrier(TimeSpan?)"/>
    /// <param name="timeout">How long to wait; <see cref="DefaultTimeout"/> if null.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public Task BarrierAsync(TimeSpan? timeout = null, CancellationToken cancellation = default) => OnAThread(
        () =>
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                WaitForBarrier(Deadline.In(timeout ?? DefaultTimeout, cancellation));
                return true;
            }
        },
        cancellation);

    /// <summary>Takes a session that systemd made for the unit (LUOSession=), or that an earlier start stored.</summary>
    /// <param name="name">The name in the unit.</param>
    /// <exception cref="FileDescriptorStoreException">There is none or it was taken (<see cref="StoreRefusal.NotReceived"/>), there are
    /// several, or it is no session (<see cref="StoreRefusal.WrongDescriptor"/>).</exception>
    /// <exception cref="KernelException">EINVAL: the kernel is older than 7.2 and does not tell the direction. The session stays in the
    /// store.</exception>
    public HandedSession TakeSession(string name)
    {
        ReceivedDescriptor? received = Received.Find(name);
        if (received is { Kind: not DescriptorKind.LiveUpdateSession })
        {
            throw new FileDescriptorStoreException(
                StoreRefusal.WrongDescriptor, $"\"{name}\" is no session: {received.LinkText}. Is it in the unit's LUOSession=?", name);
        }

        if (received is null || received.IsTaken)
        {
            throw Received.NotReceived(name);
        }

        // Asked of a duplicate, so that one that cannot be adopted is still there for others to take.
        using KernelHandle duplicate = StoredCopy.Duplicate(Kernel, received.Handle);
        LiveUpdateSession session = LiveUpdateSession.Adopt(Kernel, (int)duplicate.DangerousGetHandle());
        duplicate.SetHandleAsInvalid();
        return new HandedSession(this, name, session, Received.Take(name));
    }

    /// <summary>Says whether systemd holds what is stored under a name, as far as that can be seen now.</summary>
    /// <returns>Null where nobody can tell: nothing is known under the name, or it is no memfd and was stored by this process.</returns>
    /// <remarks>What was received and is no memfd counts as held: it came from there.</remarks>
    public bool? IsKept(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            StoredCopy? copy = _copies.FindLast(copy => copy.Name.Name == name);
            return copy is null ? null : copy.IsProvable ? copy.IsKept() : copy.WasReceived ? true : null;
        }
    }

    /// <summary>Closes what this process has of the store, also the descriptors that nobody took. systemd keeps its own.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (ReceivedDescriptor one in Received.Where(static one => one.TryTake()))
            {
                one.Handle.Dispose();
            }

            foreach (StoredCopy copy in _copies)
            {
                copy.Dispose();
            }

            _copies.Clear();
        }
    }

    internal static bool TryOpen(
        Kernel kernel,
        ServiceEnvironment environment,
        [NotNullWhen(true)] out FileDescriptorStore? store,
        [NotNullWhen(false)] out FileDescriptorStoreException? whyNot)
    {
        store = null;
        whyNot = null;
        if (string.IsNullOrEmpty(environment.NotifySocket))
        {
            whyNot = new FileDescriptorStoreException(
                StoreRefusal.NoServiceManager,
                "There is no descriptor store: NOTIFY_SOCKET is not set, so this process is no service of systemd, or its unit has "
                    + "neither FileDescriptorStoreMax= nor Type=notify. Set FileDescriptorStoreMax= in the unit's [Service].");
            return false;
        }

        if (environment.Capacity() is not { } capacity)
        {
            whyNot = new FileDescriptorStoreException(
                StoreRefusal.NoStore,
                "There is no descriptor store: FDSTORE is not set. Set FileDescriptorStoreMax= in the unit's [Service] (its default is 0; "
                    + "needs systemd 254 or later), run systemctl daemon-reload and restart the unit.");
            return false;
        }

        if (environment.OtherMainProcess() is { } started)
        {
            whyNot = new FileDescriptorStoreException(
                StoreRefusal.NotMainProcess,
                $"There is no descriptor store for this process: systemd started process {started} of the unit, and this is process "
                    + $"{environment.ProcessId}. What is stored is passed to the process that systemd starts, and to no other. Where a "
                    + "script starts this one, write exec before its command; leave out other launchers.");
            return false;
        }

        store = new FileDescriptorStore(
            kernel, new NotifySocket(kernel, environment.NotifySocket), capacity, environment.Receive(kernel));
        return true;
    }

    private static Task<T> OnAThread<T>(Func<T> work, CancellationToken cancellation) =>
        Task.Factory.StartNew(
            work, cancellation, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
