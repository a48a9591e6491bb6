using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Emulation.Previews.Versions;
using LuoInterop.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Preserves memory files (mm/memfd_luo.c): the pages stay in their host file, only the records are written.</summary>
/// <remarks>Guarded by the running kernel's lock.</remarks>
internal sealed class MemfdHandler(
    KexecHandover handover, MemfdInodes inodes, MemfdCalls calls, int largest, KernelProfile profile, MemfdFormats formats) : FileHandler
{
    // kvmalloc refuses an array of more than INT_MAX bytes: 8 for each page of the file (mm/slub.c).
    private const ulong MostPages = int.MaxValue / 8;

    private const ushort FolioFlags = MemfdLuoFolioSer.MEMFD_LUO_FOLIO_DIRTY | MemfdLuoFolioSer.MEMFD_LUO_FOLIO_UPTODATE;

    private readonly FrozenFileCheck _check = new(calls);

    // The folios of files that may be preserved again: the same frames then, of which each session keeps its own list.
    private readonly Dictionary<InodeKey, FolioRange> _shared = [];

    private readonly string[] _reads = [.. formats.Reads.Select(static format => format.Compatible)];

    public override string Compatible => formats.Writes.Compatible;

    public override IReadOnlyList<string> Reads => _reads;

    // memfd_luo_can_preserve: shmem's operations, and no name in any folder. Only regular files of tmpfs have pages.
    public override unsafe bool CanPreserve(int fd, in statx status)
    {
        if (status.stx_nlink != 0
            || (status.stx_mode & StatHeader.S_IFMT) != StatHeader.S_IFREG
            || (!inodes.IsEmpty && inodes.Find(HostFile.Key(status)) is { IsShmem: false }))
        {
            return false;
        }

        // SAFETY: the structure has the size that fstatfs(2) fills (asm-generic/statfs.h).
        statfs fileSystem;
        return HostLibc.fstatfs(fd, &fileSystem) == 0 && fileSystem.f_type == MagicHeader.TMPFS_MAGIC;
    }

    public override int Preserve(LuoFile file, in statx status)
    {
        MemfdInode inode = inodes.GetOrAdd(file.Id);
        inode.IsFrozen = true;
        inode.FrozenBlocks = status.stx_blocks;
        int error = PreserveFrozen(file, inode, status.stx_size);
        if (error != 0)
        {
            inodes.Thaw(file.Id);
        }

        return error;
    }

    public override void Unpreserve(LuoFile file)
    {
        inodes.Thaw(file.Id);
        if (file.PrivateData is FolioRange range)
        {
            VmallocArea.Unpreserve(handover, Read(file).Folios);
            handover.UnpreserveFolios(range, largest);
            Release(file.Id, range);
        }

        handover.UnpreserveFree(file.SerializedData);
    }

    // A file that a release let be preserved twice, and that one session gave up, is frozen no more.
    public override void FindChanges(LuoFile file, SessionKey session, List<EmulatedFrozenFileChange> changes)
    {
        if (inodes.Find(file.Id) is { IsFrozen: true } inode)
        {
            _check.FindChanges(file, inode, Read(file), session, changes);
        }
    }

    // memfd_luo_freeze: only the position may have changed.
    public override int Freeze(LuoFile file)
    {
        long position = HostLibc.lseek(file.File!.Fd, 0, HostLibc.SEEK_CUR);
        if (position < 0)
        {
            return HostLibc.LastError;
        }

        Write(Read(file) with { Pos = (ulong)position }, file, file.SerializedData);
        return 0;
    }

    public override int Retrieve(LuoFile file)
    {
        if (file.SerializedData == 0)
        {
            return Refused.EINVAL;
        }

        MemfdLuoSer ser = Read(file);
        int error = (ser.Seals & ~MemfdLuoSer.MEMFD_LUO_ALL_SEALS) != 0 ? Refused.EOPNOTSUPP
            : handover.Frames.TryAllocateSmall() ? new RetrievedMemfd(handover, inodes).Make(ser, file)
            : Refused.ENOMEM;

        // A call that may come again finds the record, though not the folios.
        if (error == 0 || profile.RemembersFailedRetrieve)
        {
            handover.RestoreFree(file.SerializedData);
        }

        return error;
    }

    // memfd_luo_finish: only what was never asked for is still there.
    public override void Finish(LuoFile file)
    {
        if (file.RetrieveStatus != 0 || file.SerializedData == 0)
        {
            return;
        }

        MemfdLuoSer ser = Read(file);
        if (ser.NrFolios != 0 && VmallocArea.TryRestore(handover, ser.Folios))
        {
            RetrievedMemfd.Discard(handover, ser, 0);
            VmallocArea.Free(handover, ser.Folios);
        }

        handover.RestoreFree(file.SerializedData);
    }

    private int PreserveFrozen(LuoFile file, MemfdInode inode, ulong size)
    {
        ulong address = handover.AllocatePreserved();
        if (address == 0)
        {
            return Refused.ENOMEM;
        }

        int error = PreserveContent(file, inode, size, address);
        if (error != 0)
        {
            handover.UnpreserveFree(address);
            return error;
        }

        file.SerializedData = address;
        return 0;
    }

    private int PreserveContent(LuoFile file, MemfdInode inode, ulong size, ulong address)
    {
        int fd = file.File!.Fd;
        int seals = inode.Seals ?? HostLibc.fcntl(fd, FcntlHeader.F_GET_SEALS, 0);
        if (seals < 0)
        {
            return HostLibc.LastError;
        }

        if (((uint)seals & ~MemfdLuoSer.MEMFD_LUO_ALL_SEALS) != 0)
        {
            return Refused.EOPNOTSUPP;
        }

        long position = HostLibc.lseek(fd, 0, HostLibc.SEEK_CUR);
        if (position < 0)
        {
            return HostLibc.LastError;
        }

        ulong pages = (size >> PhysicalMemory.PageShift) + ((size & (PhysicalMemory.PageSize - 1)) != 0 ? 1UL : 0);
        if (pages > uint.MaxValue)
        {
            if (profile.RefusesTooManyPages)
            {
                return Refused.EFBIG;
            }

            // The number of pages is an unsigned int: only so many from the beginning are preserved, and none is refused.
            pages = (uint)pages;
            if (pages == 0)
            {
                return Refused.EINVAL;
            }
        }

        inode.FrozenSeals = seals;
        var ser = new MemfdLuoSer((ulong)position, size, (uint)seals, 0, 0, default);
        if (size != 0)
        {
            int error = PreserveFolios(file, inode, pages, Math.Min((long)size, (long)pages << PhysicalMemory.PageShift), ref ser);
            if (error != 0)
            {
                return error;
            }
        }

        Write(ser, file, address);
        return 0;
    }

    // memfd_luo_preserve_folios.
    private int PreserveFolios(LuoFile file, MemfdInode inode, ulong pages, long size, ref MemfdLuoSer ser)
    {
        if (pages > MostPages || !handover.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        statx filled = default;
        int error = HoleFiller.Fill(file.File!.Fd, size);
        error = error == 0 ? HostFile.Stat(file.File.Fd, out filled) : error;
        if (error != 0)
        {
            return error;
        }

        inode.FrozenBlocks = filled.stx_blocks;

        ulong folios = 0;
        for (ulong page = 0; page < pages; folios++)
        {
            page += 1UL << KexecHandover.FolioOrder(page, pages, largest);
        }

        if (VmallocArea.Preserve(handover, folios * MemfdLuoFolioSer.Size) is not { } area)
        {
            return Refused.ENOMEM;
        }

        FolioRange? range = Obtain(file, pages);
        if (range is null)
        {
            VmallocArea.Unpreserve(handover, area);
            return Refused.ENOMEM;
        }

        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, area);
        for (ulong page = 0; page < pages; page += 1UL << KexecHandover.FolioOrder(page, pages, largest))
        {
            new MemfdLuoFolioSer(range.FirstPfn + page, FolioFlags, page).Write(cursor.Next(MemfdLuoFolioSer.Size));
        }

        file.PrivateData = range;
        ser = ser with { NrFolios = folios, Folios = area };
        return 0;
    }

    // The file's folios, preserved; null when memory is short.
    private FolioRange? Obtain(LuoFile file, ulong pages)
    {
        if (_shared.TryGetValue(file.Id, out FolioRange? range) && range.PageCount == pages)
        {
            if (!handover.TryPreserve(range, largest))
            {
                return null;
            }

            range.Users++;
            return range;
        }

        range = handover.PreserveFolios(file.File!.Get(), pages, largest);
        if (range is null)
        {
            file.File.Dispose();
        }
        else if (profile.SharesFiles)
        {
            _shared[file.Id] = range;
        }

        return range;
    }

    private void Release(InodeKey id, FolioRange range)
    {
        if (--range.Users > 0)
        {
            return;
        }

        if (_shared.TryGetValue(id, out FolioRange? shared) && shared == range)
        {
            _shared.Remove(id);
        }

        handover.FreeFolios(range);
    }

    private MemfdLuoSer Read(LuoFile file)
    {
        MemfdFormat format = MemfdFormat.Find(file.Compatible)!;
        return format.Read(handover.Memory.Structure(file.SerializedData, format.Size));
    }

    private void Write(in MemfdLuoSer ser, LuoFile file, ulong address)
    {
        MemfdFormat format = MemfdFormat.Find(file.Compatible)!;
        format.Write(ser, handover.Memory.Structure(address, format.Size));
    }
}
