using System.Diagnostics;
using LuoInterop.Systemd.Memory;
using LuoInterop.Systemd.Store;

namespace LuoInterop.Systemd;

/// <summary>Is memory that outlives the process: a memfd that systemd keeps, with a header that says what it is and how it was
/// left.</summary>
/// <remarks>
/// <para>It is stored when it is opened, so that it is there after a crash too. <see cref="Close"/> before the end of the process adds the
/// checksum by which the next one knows that every byte is there.</para>
/// <para>Spans of it must not be used after <see cref="Dispose"/>. Reading and writing the memory from several threads is the application's
/// to order; the other members may be called from several threads at once.</para>
/// </remarks>
public sealed class PersistentMemory : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileDescriptorStore? _store;
    private readonly PersistentMemoryOptions _options;
    private readonly Memfd _file;
    private readonly MemfdMapping _mapping;
    private StateRecord _state;
    private string? _whyNotKept;

    private PersistentMemory(FileDescriptorStore? store, OpenedMemory opened, PersistentMemoryOptions options)
    {
        _store = store;
        _options = options;
        _file = opened.File;
        _mapping = opened.Mapping;
        _state = opened.State;
        Name = opened.Name;
        Origin = opened.Origin;
        Integrity = opened.Integrity;
        PreviousLength = opened.PreviousLength;
        Erased = opened.Erased;
    }

    /// <summary>Gets the name, which is that of the descriptor in the store.</summary>
    public string Name { get; }

    /// <summary>Gets the size in bytes.</summary>
    public long Length => _mapping.Length;

    /// <summary>Gets how many bytes of it came back; 0 of a new one. Those behind it are zero.</summary>
    public long PreviousLength { get; }

    /// <summary>Gets where it comes from.</summary>
    public MemoryOrigin Origin { get; }

    /// <summary>Gets what is known of its content.</summary>
    public MemoryIntegrity Integrity { get; }

    /// <summary>Gets whether the content came back and every byte is known to be as it was when it was closed.</summary>
    public bool IsWhole => Integrity == MemoryIntegrity.Verified;

    /// <summary>Gets why what was kept was erased, as the options say; null where it was not.</summary>
    public string? Erased { get; }

    /// <summary>Gets the application's data version.</summary>
    public int DataVersion => _options.DataVersion;

    /// <summary>Gets how many processes have opened it, this one included.</summary>
    public long Openings => (long)_state.Openings;

    /// <summary>Gets how long it took to open: to receive, to look at the checksum, to store.</summary>
    public TimeSpan OpenDuration { get; private set; }

    /// <summary>Gets whether <see cref="Close"/> was called.</summary>
    public bool IsClosed => _state.IsClosed;

    /// <summary>Gets whether systemd has it now, so that it is there for the next process.</summary>
    public bool IsKept => WhyNotKept is null;

    /// <summary>Gets a sentence that says why it is not kept; null where it is.</summary>
    public string? WhyNotKept => _whyNotKept ?? (_store!.IsKept(Name) != false
        ? null
        : "systemd does not have it any more. Did somebody of the unit remove it (FDSTOREREMOVE=1), or was FileDescriptorStoreMax= made "
            + "smaller (daemon-reload)?");

    /// <summary>Gets whether systemd was seen to have it, whatever became of that since.</summary>
    internal bool WasKept => _whyNotKept is null;

    /// <summary>Gets the memory. It belongs to this object.</summary>
    public MemfdMapping Mapping => _mapping;

    /// <summary>Opens the memory of a name: takes what was kept, or makes a new one, and stores it.</summary>
    /// <param name="name">The name of the descriptor: 1 to 234 printable ASCII characters without ':'.</param>
    /// <param name="options">Its size, and what becomes of one that is not as expected.</param>
    /// <exception cref="ArgumentException">The name or the options are wrong.</exception>
    /// <exception cref="PersistentMemoryException">What was kept is refused, and stays in the store.</exception>
    /// <exception cref="FileDescriptorStoreException">The environment is malformed, or several descriptors have the name.</exception>
    /// <exception cref="KernelException">The kernel refused a call: ENOMEM, EMFILE, or EPERM for a sealed file.</exception>
    /// <remarks>Without a store the memory is an ordinary one, and <see cref="WhyNotKept"/> says why.</remarks>
    public static PersistentMemory Open(string name, PersistentMemoryOptions options)
    {
        bool opened = FileDescriptorStore.TryOpen(out FileDescriptorStore? store, out FileDescriptorStoreException? whyNot);
        return Open(opened ? store!.Kernel : Kernel.Linux, store, whyNot, name, options, BootId.Current);
    }

    /// <summary>Opens the memory of a name in a store.</summary>
    /// <param name="store">The store.</param>
    /// <inheritdoc cref="Open(string, PersistentMemoryOptions)"/>
    /// <param name="name">The name of the descriptor.</param>
    /// <param name="options">Its size, and what becomes of one that is not as expected.</param>
    public static PersistentMemory Open(FileDescriptorStore store, string name, PersistentMemoryOptions options)
    {
        ArgumentNullException.ThrowIfNull(store);
        return Open(store.Kernel, store, null, name, options, BootId.Current);
    }

    /// <inheritdoc cref="MemfdMapping.GetSpan(long, int)"/>
    public Span<byte> GetSpan(long offset, int length) => _mapping.GetSpan(offset, length);

    /// <inheritdoc cref="MemfdMapping.GetMemory(long, int)"/>
    public Memory<byte> GetMemory(long offset, int length) => _mapping.GetMemory(offset, length);

    /// <summary>Ends the use: makes the checksum, marks the memory as closed and waits until systemd has it. Once.</summary>
    /// <remarks>Nobody may write to it afterwards: the next process would find it damaged.</remarks>
    /// <exception cref="TimeoutException">systemd did not answer in time. The memory is closed, and was stored before.</exception>
    /// <exception cref="FileDescriptorStoreException">systemd does not keep it.</exception>
    /// <exception cref="KernelException">The message was refused.</exception>
    public void Close()
    {
        lock (_lock)
        {
            if (!_state.IsClosed)
            {
                UInt128? checksum = _options.UseChecksum ? DataChecksum.Of(_file, MemoryHeader.Size, Length) : null;
                WriteState(_state with { IsClosed = true, Sequence = _state.Sequence + 1, Checksum = checksum });
            }

            if (_store is not null)
            {
                // Sent again where systemd was not seen to have it.
                _store.Store(Name, _file.Handle, _options.Timeout);
                _whyNotKept = null;
                _store.Barrier(_options.Timeout);
            }
        }
    }

    /// <summary>Unmaps the memory and closes the file. systemd keeps its own. What was not closed counts as crashed.</summary>
    public void Dispose()
    {
        _mapping.Dispose();
        _file.Dispose();
    }

    internal static PersistentMemory Open(
        Kernel kernel,
        FileDescriptorStore? store,
        Exception? whyNoStore,
        string name,
        PersistentMemoryOptions options,
        Guid bootId)
    {
        long start = Stopwatch.GetTimestamp();
        DescriptorName.Check(name);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { } wrong)
        {
            throw new ArgumentException(wrong, nameof(options));
        }

        if (store is null && options.RequireStore)
        {
            throw new PersistentMemoryException(MemoryRefusal.NotKept, name, $"it would not be kept. {whyNoStore?.Message}", whyNoStore);
        }

        var memory = new PersistentMemory(store, OpenedMemory.Open(kernel, store, name, options, bootId), options);
        try
        {
            memory.Keep(whyNoStore);
            memory.OpenDuration = Stopwatch.GetElapsedTime(start);
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Stores it, or says why not.</summary>
    private void Keep(Exception? whyNoStore)
    {
        if (_store is null)
        {
            _whyNotKept = whyNoStore?.Message ?? "There is no store.";
            return;
        }

        try
        {
            _store.Store(Name, _file.Handle, _options.Timeout);
        }
        catch (Exception error) when (error is FileDescriptorStoreException or TimeoutException or KernelException)
        {
            if (_options.RequireStore)
            {
                throw new PersistentMemoryException(MemoryRefusal.NotKept, Name, $"it would not be kept. {error.Message}", error);
            }

            _whyNotKept = error.Message;
        }
    }

    private void WriteState(StateRecord state)
    {
        _file.Write(state.Place, state.Write());
        _state = state;
    }
}
