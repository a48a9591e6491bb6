using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho.Abi;
using Tmds.Linux;

namespace LuoInterop.Emulation.Luo;

/// <summary>Holds the files of a session in the order of their preservation (kernel/liveupdate/luo_file.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class LuoFileSet(LuoCore luo)
{
    private readonly List<LuoFile> _files = [];
    private readonly Dictionary<ulong, LuoFile> _byToken = [];
    private EntrySet? _records;

    /// <summary>Gets the orchestrator that the session belongs to.</summary>
    public LuoCore Luo => luo;

    private EntrySet Records => _records ??= luo.Format.CreateFiles();

    /// <summary>Preserves a file (luo_preserve_file).</summary>
    public int Preserve(ulong token, int fd, FileDescriptorTable descriptors)
    {
        if (_byToken.ContainsKey(token))
        {
            return Refused.EEXIST;
        }

        int error = Records.Grow(_files.Count + 1);
        if (error != 0)
        {
            return error;
        }

        error = PreserveInto(token, fd, descriptors);
        if (error != 0)
        {
            Records.Shrink(_files.Count);
        }

        return error;
    }

    private int PreserveInto(ulong token, int fd, FileDescriptorTable descriptors) =>
        descriptors.Owns(fd) ? PreserveOwn(token, descriptors.Get(fd)) : PreserveHost(token, descriptors.DuplicateHost(fd));

    // fget() does not take O_PATH.
    private int PreserveOwn(ulong token, OpenFile? open)
    {
        if (open is null or PathFile)
        {
            return Refused.EBADF;
        }

        if (luo.FindHandler(open) is not { } handler)
        {
            return Refused.ENOENT;
        }

        int error = Claim(handler, open.Key);
        if (error != 0)
        {
            return error;
        }

        open.Get();
        return Preserve(new LuoFile(handler, token, this) { Own = open, Id = open.Key }, default);
    }

    private int PreserveHost(ulong token, int copy)
    {
        if (copy < 0)
        {
            return copy;
        }

        int error = Claim(copy, out FileHandler? handler, out InodeKey id, out statx status);
        if (error != 0)
        {
            // close(2) frees the descriptor whatever it answers.
            _ = LibC.close(copy);
            return error;
        }

        return Preserve(new LuoFile(handler!, token, this) { File = HostFile.Own(copy), Id = id }, status);
    }

    // Finds the handler, and whether the file is free: ENOENT, EBUSY or ENOMEM.
    private int Claim(int fd, out FileHandler? handler, out InodeKey id, out statx status)
    {
        handler = null;
        id = default;
        int error = HostFile.Stat(fd, out status);
        if (error != 0)
        {
            return error;
        }

        handler = luo.FindHandler(fd, status);
        if (handler is null)
        {
            return Refused.ENOENT;
        }

        error = handler.Identify(fd, status, luo.PreservedFiles, out id);
        return error != 0 ? error : Claim(handler, id);
    }

    // try_module_get and xa_insert: on success the module's reference is the file's.
    private int Claim(FileHandler handler, InodeKey id)
    {
        if (handler.Owner?.TryGet() == false)
        {
            return Refused.ENOENT;
        }

        int error = !luo.Profile.SharesFiles && luo.PreservedFiles.Contains(id) ? Refused.EBUSY
            : luo.Frames.TryAllocateSmall() ? 0
            : Refused.ENOMEM;
        if (error != 0)
        {
            handler.Owner?.Put();
        }

        return error;
    }

    // luo_flb_file_preserve, kzalloc and the handler's preserve of a claimed file, each undone when a later one fails.
    private int Preserve(LuoFile file, in statx status)
    {
        if (!luo.Profile.SharesFiles)
        {
            luo.PreservedFiles.Add(file);
        }

        int error = LuoFlbList.OnPreserve(file.Handler);
        if (error == 0)
        {
            error = Save(file, status);
            if (error == 0)
            {
                return 0;
            }

            LuoFlbList.OnUnpreserve(file.Handler);
        }

        luo.PreservedFiles.Remove(file);
        file.Handler.Owner?.Put();
        file.Put();
        return error;
    }

    private int Save(LuoFile file, in statx status)
    {
        if (!luo.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        int error = luo.Faults.OnHandler(FileOperation.Preserve, file.Token);
        error = error == 0 ? file.Handler.Preserve(file, status) : error;
        if (error == 0)
        {
            _files.Add(file);
            _byToken.Add(file.Token, file);
        }

        return error;
    }

    /// <summary>Drops all files, the newest first (luo_file_unpreserve_files).</summary>
    public void Unpreserve()
    {
        while (_files.Count > 0)
        {
            LuoFile file = _files[^1];
            file.Handler.Unpreserve(file);
            LuoFlbList.OnUnpreserve(file.Handler);
            luo.PreservedFiles.Remove(file);
            file.Handler.Owner?.Put();
            RemoveLast();
            Records.Shrink(_files.Count);
            file.Put();
        }

        _records?.Destroy();
    }

    /// <summary>Finds what was done to the files that Linux would have refused.</summary>
    public void FindChanges(SessionKey session, List<EmulatedFrozenFileChange> changes)
    {
        foreach (LuoFile file in _files)
        {
            file.Handler.FindChanges(file, session, changes);
        }
    }

    /// <summary>Freezes all files and writes their records (luo_file_freeze).</summary>
    /// <param name="files">The address from which the next kernel reads them.</param>
    /// <param name="count">The number of files.</param>
    /// <returns>0, or the <c>-errno</c> of the handler that refused; then all is undone.</returns>
    public int Freeze(out ulong files, out ulong count)
    {
        files = 0;
        count = 0;
        if (_files.Count == 0)
        {
            return 0;
        }

        Span<byte> record = stackalloc byte[LuoFileSer.Size];
        for (int i = 0; i < _files.Count; i++)
        {
            LuoFile file = _files[i];
            int error = luo.Faults.OnHandler(FileOperation.Freeze, file.Token);
            error = error == 0 ? file.Handler.Freeze(file) : error;
            if (error < 0)
            {
                UnfreezeUpTo(i);
                return error;
            }

            new LuoFileSer(file.Compatible, file.SerializedData, file.Token).Write(record);
            Records.Write(i, record);
        }

        count = (ulong)_files.Count;
        files = Records.Head;
        return 0;
    }

    /// <summary>Undoes <see cref="Freeze"/> (luo_file_unfreeze): in the order of preservation, as the kernel does.</summary>
    public void Unfreeze()
    {
        if (_files.Count > 0)
        {
            UnfreezeUpTo(_files.Count);
        }
    }

    /// <summary>Finds a file by its token, or null.</summary>
    public LuoFile? Find(ulong token) => _byToken.GetValueOrDefault(token);

    /// <summary>Finds the token of a file of the emulation's own that is preserved here (liveupdate_get_token_outgoing): 0,
    /// or ENOENT.</summary>
    public int FindToken(OpenFile file, out ulong token)
    {
        LuoFile? found = _files.Find(preserved => preserved.Own == file);
        token = found?.Token ?? 0;
        return found is null ? Refused.ENOENT : 0;
    }

    /// <summary>Retrieves a file (luo_retrieve_file).</summary>
    public int Retrieve(ulong token, out LuoFile? retrieved)
    {
        retrieved = null;
        if (!_byToken.TryGetValue(token, out LuoFile? file))
        {
            return Refused.ENOENT;
        }

        if (file.RetrieveStatus == 0)
        {
            int error = luo.Faults.OnHandler(FileOperation.Retrieve, token);
            error = error == 0 ? file.Handler.Retrieve(file) : error;
            if (error != 0)
            {
                file.RetrieveStatus = luo.Profile.RemembersFailedRetrieve ? error : 0;
                return error;
            }

            file.RetrieveStatus = 1;
            if (!luo.Profile.SharesFiles)
            {
                luo.PreservedFiles.Add(file);
            }
        }

        retrieved = file;
        return file.RetrieveStatus < 0 ? file.RetrieveStatus : 0;
    }

    /// <summary>Ends all incoming files, the newest first (luo_file_finish): 0, or EBUSY with nothing done.</summary>
    public int Finish()
    {
        foreach (LuoFile file in _files)
        {
            if (!file.Handler.CanFinish(file))
            {
                return Refused.EBUSY;
            }
        }

        while (_files.Count > 0)
        {
            LuoFile file = _files[^1];
            file.Handler.Finish(file);
            luo.Flbs.OnFinish(file.Handler);
            if (file.File is not null || file.Own is not null)
            {
                luo.PreservedFiles.Remove(file);
                file.Put();
            }

            file.Handler.Owner?.Put();
            RemoveLast();
        }

        return 0;
    }

    /// <summary>Makes the incoming files from their records (luo_file_deserialize): 0 or <c>-errno</c>.</summary>
    public int Deserialize(in LuoSessionSer session)
    {
        if (session.Files == 0)
        {
            return 0;
        }

        int result = luo.Format.TakeFiles(session, out IEnumerable<LuoFileSer> records);
        foreach (LuoFileSer record in result == 0 ? records : [])
        {
            if (luo.FindHandler(record.Compatible) is not { } handler || handler.Owner?.TryGet() == false)
            {
                result = Refused.ENOENT;
                break;
            }

            if (!luo.Frames.TryAllocateSmall())
            {
                handler.Owner?.Put();
                result = Refused.ENOMEM;
                break;
            }

            var file = new LuoFile(handler, record.Token, this) { SerializedData = record.Data, Compatible = record.Compatible };
            _files.Add(file);
            _byToken.TryAdd(record.Token, file);
        }

        return result;
    }

    /// <summary>Drops the references of a kernel that is gone; what is preserved keeps its own.</summary>
    public void Abandon()
    {
        foreach (LuoFile file in _files)
        {
            file.Put();
        }

        _files.Clear();
        _byToken.Clear();
    }

    private void RemoveLast()
    {
        LuoFile file = _files[^1];
        _files.RemoveAt(_files.Count - 1);
        _byToken.Remove(file.Token);
    }

    private void UnfreezeUpTo(int end)
    {
        for (int i = 0; i < end; i++)
        {
            _files[i].Handler.Unfreeze(_files[i]);
        }

        Records.Clear();
    }
}
