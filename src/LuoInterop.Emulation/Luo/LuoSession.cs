using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Luo;

/// <summary>A session (<c>struct luo_session</c>, kernel/liveupdate/luo_session.c).</summary>
internal sealed class LuoSession(SessionKey name, LuoCore luo)
{
    private LuoFileSet? _files;

    public SessionKey Name { get; } = name;

    /// <summary>Gets or sets whether an incoming session was retrieved. Only that tells an incoming session by its descriptor.</summary>
    public bool IsRetrieved { get; set; }

    /// <summary>Gets the files. The set is made when it is first needed: most calls on an empty session do not.</summary>
    public LuoFileSet Files => _files ??= new LuoFileSet(luo);

    /// <summary>Gets the neighbours in the list that the session belongs to.</summary>
    internal LuoSession? Previous, Next;

    /// <summary>Ends the incoming files (luo_session_finish_one).</summary>
    public int Finish() => _files?.Finish() ?? 0;

    /// <summary>Drops the outgoing files.</summary>
    public void Unpreserve() => _files?.Unpreserve();

    /// <summary>Finds what was done to the files that Linux would have refused.</summary>
    public void FindChanges(List<EmulatedFrozenFileChange> changes) => _files?.FindChanges(Name, changes);

    /// <summary>Freezes the files (luo_session_freeze_one).</summary>
    public int Freeze(out ulong files, out ulong count)
    {
        files = 0;
        count = 0;
        return _files?.Freeze(out files, out count) ?? 0;
    }

    /// <summary>Undoes <see cref="Freeze"/>.</summary>
    public void Unfreeze() => _files?.Unfreeze();

    /// <summary>Retrieves a file: 0, ENOENT also for a session without files, or the handler's error.</summary>
    public int Retrieve(ulong token, out LuoFile? file)
    {
        file = null;
        return _files?.Retrieve(token, out file) ?? Refused.ENOENT;
    }

    /// <summary>Drops the references of a kernel that is gone.</summary>
    public void Abandon() => _files?.Abandon();
}
