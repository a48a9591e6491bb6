using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Interop;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Preserves memory files (mm/memfd_luo.c): the pages stay in their host file, only the records are written.</summary>
/// <remarks>Guarded by the running kernel's lock.</remarks>
internal sealed class MemfdHandler(KexecHandover handover, MemfdInodes inodes, bool huge) : FileHandler
{
    // kvmalloc refuses an array of more than INT_MAX bytes: 8 for each page of the file (mm/slub.c).
    private const ulong MostPages = int.MaxValue / 8;

    private const ushort FolioFlags = MemfdLuoFolioSer.MEMFD_LUO_FOLIO_DIRTY | MemfdLuoFolioSer.MEMFD_LUO_FOLIO_UPTODATE;

    public override string Compatible => MemfdLuoSer.MEMFD_LUO_FH_COMPATIBLE;

    // memfd_luo_can_preserve: shmem's operations, and no name in any folder. Only regular files of tmpfs have pages.
    public override unsafe bool CanPreserve(int fd, in statx status)
    {
        if (status.stx_nlink != 0 || (status.stx_mode & StatHeader.S_IFMT) != StatHeader.S_IFREG)
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
            MemfdLuoSer ser = MemfdLuoSer.Read(handover.Memory.Structure(file.SerializedData, MemfdLuoSer.Size));
            VmallocArea.Unpreserve(handover, ser.Folios);
            handover.UnpreserveFolios(range, huge);
        }

        handover.UnpreserveFree(file.SerializedData);
    }

    // memfd_luo_freeze: only the position may have changed.
    public override int Freeze(LuoFile file)
    {
        Span<byte> record = handover.Memory.Structure(file.SerializedData, MemfdLuoSer.Size);
        long position = HostLibc.lseek(file.File!.Fd, 0, HostLibc.SEEK_CUR);
        if (position < 0)
        {
            return HostLibc.LastError;
        }

        (MemfdLuoSer.Read(record) with { Pos = (ulong)position }).Write(record);
        return 0;
    }

    public override int Retrieve(LuoFile file)
    {
        if (file.SerializedData == 0)
        {
            return Refused.EINVAL;
        }

        MemfdLuoSer ser = MemfdLuoSer.Read(handover.Memory.Structure(file.SerializedData, MemfdLuoSer.Size));
        int error = (ser.Seals & ~MemfdLuoSer.MEMFD_LUO_ALL_SEALS) != 0 ? Refused.EOPNOTSUPP
            : handover.Frames.TryAllocateSmall() ? new RetrievedMemfd(handover, inodes).Make(ser, file)
            : Refused.ENOMEM;
        handover.RestoreFree(file.SerializedData);
        return error;
    }

    // memfd_luo_finish: only what was never asked for is still there.
    public override void Finish(LuoFile file)
    {
        if (file.RetrieveStatus != 0 || file.SerializedData == 0)
        {
            return;
        }

        MemfdLuoSer ser = MemfdLuoSer.Read(handover.Memory.Structure(file.SerializedData, MemfdLuoSer.Size));
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
            return Refused.EFBIG;
        }

        var ser = new MemfdLuoSer((ulong)position, size, (uint)seals, 0, 0, default);
        if (size != 0)
        {
            int error = PreserveFolios(file, pages, (long)size, ref ser);
            if (error != 0)
            {
                return error;
            }
        }

        ser.Write(handover.Memory.Structure(address, MemfdLuoSer.Size));
        return 0;
    }

    // memfd_luo_preserve_folios.
    private int PreserveFolios(LuoFile file, ulong pages, long size, ref MemfdLuoSer ser)
    {
        if (pages > MostPages || !handover.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        int error = HoleFiller.Fill(file.File!.Fd, size);
        if (error != 0)
        {
            return error;
        }

        ulong folios = 0;
        for (ulong page = 0; page < pages; folios++)
        {
            page += 1UL << KexecHandover.FolioOrder(page, pages, huge);
        }

        if (VmallocArea.Preserve(handover, folios * MemfdLuoFolioSer.Size) is not { } area)
        {
            return Refused.ENOMEM;
        }

        FolioRange? range = handover.PreserveFolios(file.File.Get(), pages, huge);
        if (range is null)
        {
            file.File.Dispose();
            VmallocArea.Unpreserve(handover, area);
            return Refused.ENOMEM;
        }

        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, area);
        for (ulong page = 0; page < pages; page += 1UL << KexecHandover.FolioOrder(page, pages, huge))
        {
            new MemfdLuoFolioSer(range.FirstPfn + page, FolioFlags, page).Write(cursor.Next(MemfdLuoFolioSer.Size));
        }

        file.PrivateData = range;
        ser = ser with { NrFolios = folios, Folios = area };
        return 0;
    }
}
