using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using LuoInterop.Kho.Abi;
using Tmds.Linux;

namespace LuoInterop.Emulation.Luo;

/// <summary>The Live Update Orchestrator of one kernel (kernel/liveupdate/luo_core.c and luo_session.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class LuoCore(KexecHandover handover, KernelProfile profile, LuoFormat format, FaultInjection faults)
{
    private readonly LuoSessionList _outgoing = new();
    private readonly LuoSessionList _incoming = new();
    private readonly List<FileHandler> _handlers = [];
    private ulong _number;
    private bool _isDeserialized;
    private int _deserializeError;

    /// <summary>Gets what this release does.</summary>
    public KernelProfile Profile { get; } = profile;

    /// <summary>Gets the form of the handed-over state.</summary>
    public LuoFormat Format { get; } = format;

    /// <summary>Gets whether the device exists: KHO is on, and <c>liveupdate=on</c>.</summary>
    public bool IsEnabled { get; private set; }

    /// <summary>Gets the files that LUO holds, by what no two may share (luo_preserved_files).</summary>
    public PreservedFiles PreservedFiles { get; } = new();

    /// <summary>Gets the kernel's memory.</summary>
    public PageFrames Frames { get; } = handover.Frames;

    /// <summary>Gets or sets the process whose RETRIEVE_FD is being done (<c>current</c>); null for none.</summary>
    public FileDescriptorTable? Caller { get; set; }

    /// <summary>Gets where retrieved files of the host find their descriptors in this process.</summary>
    public HostPlace HostPlace { get; } = new();

    /// <summary>Gets the faults that handlers meet.</summary>
    public FaultInjection Faults { get; } = faults;

    /// <summary>Gets the objects that live as long as files that depend on them are preserved.</summary>
    public LuoFlbList Flbs { get; } = new(format, handover.Memory, handover.Frames);

    /// <summary>Makes a handler known, in the order in which they are asked: 0, or EEXIST when a form of it is another's.</summary>
    public int Register(FileHandler handler)
    {
        if (_handlers.Exists(known => Forms(known).Intersect(Forms(handler)).Any()))
        {
            return Refused.EEXIST;
        }

        _handlers.Add(handler);
        return 0;

        static IEnumerable<string> Forms(FileHandler handler) => handler.Reads.Append(handler.Compatible);
    }

    /// <summary>Forgets a handler, and takes its objects from it.</summary>
    public void Unregister(FileHandler handler)
    {
        while (handler.Flbs.Count > 0)
        {
            Flbs.Unregister(handler, handler.Flbs[0].Definition);
        }

        _handlers.Remove(handler);
    }

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

    /// <summary>Finds the first handler that takes a file of the emulation's own, or null.</summary>
    public FileHandler? FindHandler(OpenFile file) => _handlers.Find(handler => handler.CanPreserve(file));

    /// <summary>Finds the handler that reads a form, or null.</summary>
    public FileHandler? FindHandler(string compatible) => _handlers.Find(handler => handler.Reads.Contains(compatible));

    /// <summary>Takes over what the previous kernel left (luo_early_startup, early_initcall); runs with LUO off too.</summary>
    /// <exception cref="EmulatedKernelPanicException">It is not sound: the kernel does not go on.</exception>
    public void EarlyStartup()
    {
        int error = Format.Retrieve(out _number);
        if (error != 0)
        {
            throw new EmulatedKernelPanicException(
                $"The incoming tree failed to initialize properly [{error}], disabling live update");
        }
    }

    /// <summary>Sets up the outgoing state (luo_late_startup, late_initcall).</summary>
    public void LateStartup() => IsEnabled = Format.SetUp(_number + 1);

    /// <summary>Makes the incoming sessions at the first open of the device (luo_session_deserialize).</summary>
    /// <returns>0, or the same <c>-errno</c> at every call in this boot.</returns>
    public int Deserialize()
    {
        if (_isDeserialized)
        {
            return _deserializeError;
        }

        _isDeserialized = true;
        foreach (LuoSessionSer record in Format.TakeSessions())
        {
            var session = new LuoSession(new SessionKey(record.Name), this);
            if (!Frames.TryAllocateSmall())
            {
                _deserializeError = Refused.ENOMEM;
                break;
            }

            if (!_incoming.TryAdd(session))
            {
                _deserializeError = Refused.EEXIST;
                break;
            }

            int lost = session.Files.Deserialize(record);
            if (lost != 0 && Profile.RefusesLostFiles)
            {
                _deserializeError = lost;
                break;
            }
        }

        return _deserializeError;
    }

    /// <summary>Creates an outgoing session (luo_session_create).</summary>
    public int Create(ReadOnlySpan<byte> field, out LuoSession? session)
    {
        session = null;
        if (Profile.ChecksSessionName && (field[0] == 0 || !field.Contains((byte)0)))
        {
            return Refused.EINVAL;
        }

        if (!Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        // The block comes before the look for the name, and stays when the name is taken (luo_session_insert): with 51 x n
        // sessions it is then an empty last block, on which the next kernel panics.
        int error = Format.Sessions.Grow(_outgoing.Count + 1);
        if (error != 0)
        {
            return error;
        }

        var created = new LuoSession(SessionKey.Cut(field), this);
        if (!_outgoing.TryAdd(created))
        {
            return Refused.EEXIST;
        }

        // anon_inode_getfile.
        if (!Frames.TryAllocateSmall())
        {
            _outgoing.Remove(created);
            Format.Sessions.Shrink(_outgoing.Count);
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
        if (!Frames.TryAllocateSmall())
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
        Format.Sessions.Shrink(_outgoing.Count);
    }

    /// <summary>Finds what was done to preserved files that Linux would have refused, in the order of the freeze.</summary>
    public List<EmulatedFrozenFileChange> FindChanges()
    {
        var changes = new List<EmulatedFrozenFileChange>();
        for (LuoSession? session = _outgoing.First; session is not null; session = session.Next)
        {
            session.FindChanges(changes);
        }

        return changes;
    }

    /// <summary>Freezes all outgoing sessions and writes their records (liveupdate_reboot).</summary>
    /// <returns>0; the <c>-errno</c> of the handler that refused, with all undone; EAGAIN where KHO cannot write its map.</returns>
    public int Reboot()
    {
        int error = Serialize();
        if (error == 0)
        {
            Flbs.Serialize();
        }

        return error == 0 && handover.Complete() != 0 ? Refused.EAGAIN : error;
    }

    /// <summary>Finds the pages of the preserved file that a damage is for:
    /// null when none is preserved that reaches to its offset.</summary>
    public FolioRange? FindPages(InjectedFault damage)
    {
        for (LuoSession? session = _outgoing.First; session is not null; session = session.Next)
        {
            if (session.Files.Find(damage.Token!.Value) is { } file)
            {
                return file.Handler.FindFolios(file, (ulong)damage.Offset >> PhysicalMemory.PageShift);
            }
        }

        return null;
    }

    /// <summary>Drops the references of a kernel that is gone.</summary>
    public void Abandon()
    {
        HostPlace.Dispose();
        foreach (LuoSessionList list in (ReadOnlySpan<LuoSessionList>)[_outgoing, _incoming])
        {
            for (LuoSession? session = list.First; session is not null; session = session.Next)
            {
                session.Abandon();
            }
        }
    }

    // luo_session_serialize.
    private int Serialize()
    {
        Span<byte> record = stackalloc byte[LuoSessionSer.Size];
        int index = 0;
        Format.Publish(0);
        for (LuoSession? session = _outgoing.First; session is not null; session = session.Next, index++)
        {
            int error = session.Freeze(out ulong files, out ulong count);
            if (error != 0)
            {
                Undo(session, index);
                return error;
            }

            new LuoSessionSer(session.Name.ToLatin1(), files, count).Write(record);
            Format.Sessions.Write(index, record);
        }

        Format.Publish(_outgoing.Count);
        return 0;
    }

    private void Undo(LuoSession failed, int index)
    {
        for (LuoSession? session = failed.Previous; session is not null; session = session.Previous)
        {
            session.Unfreeze();
            Format.Sessions.Erase(--index);
        }
    }
}
