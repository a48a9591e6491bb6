using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Luo;

/// <summary>Holds the files of a session in the order of their preservation (kernel/liveupdate/luo_file.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class LuoFileSet(LuoCore luo)
{
    private readonly List<LuoFile> _files = [];
    private readonly Dictionary<ulong, LuoFile> _byToken = [];
    private EntrySet? _records;

    private EntrySet Records => _records ??= luo.Format.CreateFiles();

    /// <summary>Preserves a file (luo_preserve_file).</summary>
    public int Preserve(ulong token, int fd, Files.FileDescriptorTable descriptors)
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

    private int PreserveInto(ulong token, int fd, Files.FileDescriptorTable descriptors)
    {
        if (Files.FileDescriptorTable.IsEmulated(fd))
        {
            // No handler takes the device, a session or a file of debugfs; fget() does not take O_PATH.
            return descriptors.Get(fd) is null or Files.PathFile ? Refused.EBADF : Refused.ENOENT;
        }

        int copy = HostFile.Duplicate(fd);
        if (copy < 0)
        {
            return copy;
        }

        int error = Claim(copy, out FileHandler? handler, out InodeKey id, out statx status);
        if (error != 0)
        {
            // close(2) frees the descriptor whatever it answers.
            _ = HostLibc.close(copy);
            return error;
        }

        var file = new LuoFile(handler!, token) { File = HostFile.Own(copy), Id = id };
        error = luo.Faults.OnHandler(FileOperation.Preserve, token);
        error = error == 0 ? handler!.Preserve(file, status) : error;
        if (error != 0)
        {
            luo.PreservedFiles.Remove(id);
            file.File.Dispose();
            return error;
        }

        _files.Add(file);
        _byToken.Add(token, file);
        return 0;
    }

    // Finds the handler, and takes the file for this session: ENOENT, EBUSY or ENOMEM.
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

        // xa_insert, then the object that stands for the file.
        id = HostFile.Key(status);
        if (!luo.Profile.SharesFiles && luo.PreservedFiles.Contains(id))
        {
            return Refused.EBUSY;
        }

        if (!luo.Frames.TryAllocateSmall() || !luo.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        if (!luo.Profile.SharesFiles)
        {
            luo.PreservedFiles.Add(id);
        }

        return 0;
    }

    /// <summary>Drops all files, the newest first (luo_file_unpreserve_files).</summary>
    public void Unpreserve()
    {
        while (_files.Count > 0)
        {
            LuoFile file = _files[^1];
            file.Handler.Unpreserve(file);
            luo.PreservedFiles.Remove(file.Id);
            RemoveLast();
            Records.Shrink(_files.Count);
            file.File!.Dispose();
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

            new LuoFileSer(file.Handler.Compatible, file.SerializedData, file.Token).Write(record);
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

    /// <summary>Retrieves a file (luo_retrieve_file).</summary>
    public int Retrieve(ulong token, out HostFile? retrieved)
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
                luo.PreservedFiles.Add(file.Id);
            }
        }

        retrieved = file.File;
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
            if (file.File is not null)
            {
                luo.PreservedFiles.Remove(file.Id);
                file.File.Dispose();
            }

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
            if (luo.FindHandler(record.Compatible) is not { } handler)
            {
                result = Refused.ENOENT;
                break;
            }

            if (!luo.Frames.TryAllocateSmall())
            {
                result = Refused.ENOMEM;
                break;
            }

            var file = new LuoFile(handler, record.Token) { SerializedData = record.Data };
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
            file.File?.Dispose();
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
