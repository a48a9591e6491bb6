using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Luo;

/// <summary>The Live Update Orchestrator of one kernel (kernel/liveupdate/luo_core.c and luo_session.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class LuoCore(KexecHandover handover, FaultInjection faults)
{
    private readonly LuoSessionList _outgoing = new();
    private readonly LuoSessionList _incoming = new();
    private readonly KhoBlockSet _blocks = new(handover, LuoSessionSer.Size);
    private readonly List<FileHandler> _handlers = [];
    private KhoBlockChain<LuoSessionSer>? _incomingRecords;
    private ulong _number;
    private ulong _outgoingSer;
    private bool _isDeserialized;
    private int _deserializeError;
    private HostFile? _placeholder;

    /// <summary>Gets the pages' keeper.</summary>
    public KexecHandover Handover { get; } = handover;

    /// <summary>Gets whether the device exists: KHO is on, and <c>liveupdate=on</c>.</summary>
    public bool IsEnabled { get; private set; }

    /// <summary>Gets the files that LUO holds, by what no two may share (luo_preserved_files).</summary>
    public HashSet<InodeKey> PreservedFiles { get; } = [];

    /// <summary>Gets the faults that handlers meet.</summary>
    public FaultInjection Faults { get; } = faults;

    /// <summary>Makes a handler known, in the order in which they are asked.</summary>
    public void Register(FileHandler handler) => _handlers.Add(handler);

    /// <summary>Finds the first handler that takes a file, or null.</summary>
    public FileHandler? FindHandler(int fd, in statx status)
    {
        foreach (FileHandler handler in _handlers)
        {
            if (handler.CanPreserve(fd, status))
            {
                return handler;
            }
        }

        return null;
    }

    /// <summary>Finds the handler of a name, or null.</summary>
    public FileHandler? FindHandler(string compatible) => _handlers.Find(handler => handler.Compatible == compatible);

    /// <summary>Takes over what the previous kernel left (luo_early_startup, early_initcall); runs with LUO off too.</summary>
    /// <exception cref="EmulatedKernelPanicException">It is not sound: the kernel does not go on.</exception>
    public void EarlyStartup()
    {
        int error = RetrieveState();
        if (error != 0)
        {
            throw new EmulatedKernelPanicException(
                $"The incoming tree failed to initialize properly [{error}], disabling live update");
        }
    }

    /// <summary>Sets up the outgoing state (luo_late_startup, late_initcall).</summary>
    public void LateStartup()
    {
        _outgoingSer = Handover.AllocatePreserved();
        if (_outgoingSer == 0)
        {
            return;
        }

        WriteSer(sessions: 0);
        if (Handover.AddSubtree(LuoSer.LUO_KHO_ENTRY_NAME, _outgoingSer, LuoSer.Size) != 0)
        {
            Handover.UnpreserveFree(_outgoingSer);
            return;
        }

        IsEnabled = true;
    }

    /// <summary>Makes the incoming sessions at the first open of the device (luo_session_deserialize).</summary>
    /// <returns>0, or the same <c>-errno</c> at every call in this boot.</returns>
    public int Deserialize()
    {
        if (_isDeserialized || _incomingRecords is not { } records)
        {
            _isDeserialized = true;
            return _deserializeError;
        }

        _isDeserialized = true;
        foreach (LuoSessionSer record in records.Entries)
        {
            var session = new LuoSession(new SessionKey(record.Name), this);
            _deserializeError = !Handover.Frames.TryAllocateSmall() ? Refused.ENOMEM
                : _incoming.TryAdd(session) ? session.Files.Deserialize(record.Files, record.Count)
                : Refused.EEXIST;
            if (_deserializeError != 0)
            {
                break;
            }
        }

        foreach (ulong block in records.Blocks)
        {
            Handover.RestoreFree(block);
        }

        _incomingRecords = null;
        return _deserializeError;
    }

    /// <summary>Creates an outgoing session (luo_session_create).</summary>
    public int Create(ReadOnlySpan<byte> field, out LuoSession? session)
    {
        session = null;
        if (field[0] == 0 || !field.Contains((byte)0))
        {
            return Refused.EINVAL;
        }

        if (!Handover.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        // The block comes before the look for the name, and stays when the name is taken (luo_session_insert): with 51 x n
        // sessions it is then an empty last block, on which the next kernel panics.
        int error = _blocks.Grow(_outgoing.Count + 1);
        if (error != 0)
        {
            return error;
        }

        var created = new LuoSession(new SessionKey(field), this);
        if (!_outgoing.TryAdd(created))
        {
            return Refused.EEXIST;
        }

        // anon_inode_getfile.
        if (!Handover.Frames.TryAllocateSmall())
        {
            _outgoing.Remove(created);
            _blocks.Shrink(_outgoing.Count);
            return Refused.ENOMEM;
        }

        session = created;
        return 0;
    }

    /// <summary>Retrieves an incoming session (luo_session_retrieve).</summary>
    public int Retrieve(ReadOnlySpan<byte> field, out LuoSession? session)
    {
        session = _incoming.Find(new SessionKey(field));
        if (session is null)
        {
            return Refused.ENOENT;
        }

        if (session.IsRetrieved)
        {
            return Refused.EINVAL;
        }

        // anon_inode_getfile.
        if (!Handover.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        session.IsRetrieved = true;
        return 0;
    }

    /// <summary>Ends a session whose last descriptor is closed (luo_session_release).</summary>
    public void Release(LuoSession session)
    {
        if (session.IsRetrieved)
        {
            // A session that cannot be finished stays in the list for good.
            if (session.Finish() == 0)
            {
                _incoming.Remove(session);
            }

            return;
        }

        session.Unpreserve();
        _outgoing.Remove(session);
        _blocks.Shrink(_outgoing.Count);
    }

    /// <summary>Freezes all outgoing sessions and writes their records (luo_session_serialize).</summary>
    /// <returns>0, or the <c>-errno</c> of the handler that refused; then all is undone.</returns>
    public int Serialize()
    {
        WriteSer(sessions: 0);
        KhoBlockSet.Iterator iterator = _blocks.GetIterator();
        for (LuoSession? session = _outgoing.First; session is not null; session = session.Next)
        {
            Span<byte> record = iterator.Reserve();
            int error = record.IsEmpty ? Refused.ENOSPC : session.Freeze(out ulong files, out ulong count) is not 0 and var refused
                ? refused
                : Write(record, session, files, count);
            if (error != 0)
            {
                if (!record.IsEmpty)
                {
                    _ = iterator.Previous();
                }

                Undo(session, iterator);
                return error;
            }
        }

        WriteSer(_outgoing.Count > 0 ? _blocks.Head : 0);
        return 0;
    }

    /// <summary>Finds the pages of the preserved file that a damage is for: null when none is preserved that reaches to its offset.</summary>
    public FolioRange? FindPages(InjectedFault damage)
    {
        for (LuoSession? session = _outgoing.First; session is not null; session = session.Next)
        {
            if (session.Files.Find(damage.Token!.Value) is { } file)
            {
                return file.PrivateData is FolioRange range && (ulong)damage.Offset >> PhysicalMemory.PageShift < range.PageCount ? range : null;
            }
        }

        return null;
    }

    /// <summary>Takes the host's lowest free descriptor, close-on-exec set (get_unused_fd_flags): it, or EMFILE.</summary>
    /// <remarks>It refers to an empty memory file of a name of its own until the retrieved file takes its place.</remarks>
    public unsafe int ReserveHostDescriptor()
    {
        if (_placeholder is null)
        {
            // SAFETY: the name is static data, and the compiler ends UTF-8 literals with a NUL.
            fixed (byte* name = "luointerop-reserved"u8)
            {
                int created = HostLibc.memfd_create(name, MemfdHeader.MFD_CLOEXEC);
                if (created < 0)
                {
                    return HostLibc.LastError;
                }

                _placeholder = HostFile.Own(created);
            }
        }

        int fd = HostLibc.fcntl(_placeholder.Fd, HostLibc.F_DUPFD_CLOEXEC, 0);
        return fd < 0 ? HostLibc.LastError : fd;
    }

    /// <summary>Drops the references of a kernel that is gone.</summary>
    public void Abandon()
    {
        _placeholder?.Dispose();
        foreach (LuoSessionList list in (ReadOnlySpan<LuoSessionList>)[_outgoing, _incoming])
        {
            for (LuoSession? session = list.First; session is not null; session = session.Next)
            {
                session.Abandon();
            }
        }
    }

    private static int Write(Span<byte> record, LuoSession session, ulong files, ulong count)
    {
        new LuoSessionSer(session.Name.ToLatin1(), files, count).Write(record);
        return 0;
    }

    private static void Undo(LuoSession failed, KhoBlockSet.Iterator iterator)
    {
        for (LuoSession? session = failed.Previous; session is not null; session = session.Previous)
        {
            session.Unfreeze();
            iterator.Previous().Clear();
        }
    }

    private int RetrieveState()
    {
        int error = Handover.RetrieveSubtree(LuoSer.LUO_KHO_ENTRY_NAME, out ulong address, out ulong size);
        if (error != 0)
        {
            return error == Refused.ENOENT ? 0 : error;
        }

        if (size < LuoSer.Size)
        {
            return Refused.EINVAL;
        }

        LuoSer ser = LuoSer.Read(Handover.Memory.Structure(address, LuoSer.Size));
        if (ser.Compatible != LuoSer.LUO_ABI_COMPATIBLE)
        {
            return Refused.EINVAL;
        }

        _number = ser.LiveupdateNum;
        try
        {
            _incomingRecords = ser.SessionsPa == 0
                ? null
                : KhoBlockChain<LuoSessionSer>.Read(Handover.Memory, ser.SessionsPa);
            if (_incomingRecords?.Blocks.Any(_ => !Handover.Frames.TryAllocateSmall()) == true)
            {
                return Refused.ENOMEM;
            }
        }
        catch (KhoFormatException broken) when (broken.Errno != Errno.None)
        {
            return -(int)broken.Errno;
        }
        catch (KhoFormatException broken)
        {
            throw new EmulatedKernelPanicException($"BUG: unable to handle page fault. {broken.Message}");
        }

        // Freed here, long before debugfs maps it: in/sub_fdts/LUO shows another page's bytes.
        Handover.RestoreFree(address);
        return 0;
    }

    private void WriteSer(ulong sessions) => new LuoSer(LuoSer.LUO_ABI_COMPATIBLE, _number + 1, sessions, 0)
        .Write(Handover.Memory.Structure(_outgoingSer, LuoSer.Size));
}
