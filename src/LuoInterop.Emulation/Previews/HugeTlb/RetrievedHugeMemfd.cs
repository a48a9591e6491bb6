using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Interop;
using LuoInterop.Kho.Previews;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Makes the file that RETRIEVE_FD answers with (hugemfd_retrieve of 20251206230222.853493-11-pratyush@kernel.org).</summary>
/// <remarks>
/// A failure leaks pages and file on purpose, because a device may still write to them: what is not in the pool by then is in
/// no pool until the next boot, and is counted. The host file that holds the pages becomes the new file where it can.
/// </remarks>
internal sealed class RetrievedHugeMemfd(KexecHandover handover, HugeTlbCore huge, PageHandover pages)
{
    // The new file has this seal only: the posting does not carry any.
    private const int Seals = FcntlHeader.F_SEAL_SEAL;
    private const ushort FullMode = 0x1ff;

    private readonly List<(HugeMemfdFolioSer Record, FolioRange? Folio)> _folios = [];

    /// <summary>Makes the file: 0; ENODEV for a size without a pool; ENOMEM; EINVAL for a page that was not preserved; EEXIST.</summary>
    public int Make(in HugeMemfdSer ser, LuoFile file)
    {
        if (huge.Pools.FindLog(ser.Order + PhysicalMemory.PageShift) is not { } hstate)
        {
            return Refused.ENODEV;
        }

        int error = handover.Frames.TryAllocateSmall() ? Make(ser, hstate, file) : Refused.ENOSPC;
        if (error != 0)
        {
            // The record's count is believed as far as its array goes.
            hstate.Leaked += Math.Min(ser.NrFolios, ser.Folios.TotalPages * (ulong)(PhysicalMemory.PageSize / HugeMemfdFolioSer.Size));
        }

        return error;
    }

    private int Make(in HugeMemfdSer ser, Hstate hstate, LuoFile file)
    {
        ulong reserved = ser.FileSize / (ulong)hstate.PageSize;
        if (!hstate.Cgroup.TryChargeReserved(reserved))
        {
            return Refused.ENOMEM;
        }

        int error = ser.NrFolios == 0 || ser.FileSize == 0 ? 0 : RestoreFolios(ser, hstate);
        if (error != 0)
        {
            return error;
        }

        int fd = Open(ser, hstate, out bool isStandIn);
        if (fd < 0)
        {
            return fd;
        }

        error = huge.Memfds.Enter(fd, hstate, isStandIn, out HugeMemfdInode? inode);
        if (error != 0)
        {
            _ = LibC.close(fd);
            return error;
        }

        error = Insert(ser, inode!, reserved);
        if (error == 0)
        {
            error = Publish(ser, inode!, fd, file);
        }

        if (error != 0)
        {
            huge.Memfds.Forget(inode!);
            _ = LibC.close(fd);
        }

        return error;
    }

    // The pages first come into the pool, all of them.
    private int RestoreFolios(in HugeMemfdSer ser, Hstate hstate)
    {
        if (!VmallocArea.TryRestore(handover, ser.Folios))
        {
            return Refused.ENOMEM;
        }

        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
        for (ulong i = 0; i < ser.NrFolios; i++)
        {
            HugeMemfdFolioSer record = cursor.NextFolio<HugeMemfdFolioSer>();
            if (!pages.TryRestore(hstate, record.Pfn, out FolioRange? folio))
            {
                VmallocArea.Free(handover, ser.Folios);
                return Refused.EINVAL;
            }

            _folios.Add((record, folio));
        }

        foreach ((HugeMemfdFolioSer record, _) in _folios)
        {
            pages.Adopt(hstate, record.Pfn);
        }

        VmallocArea.Free(handover, ser.Folios);
        return 0;
    }

    // A host file with the pages' bytes, opened by a path: its descriptor, or -errno.
    private int Open(in HugeMemfdSer ser, Hstate hstate, out bool isStandIn)
    {
        isStandIn = true;
        if (FindWholeFile(ser) is { } whole && LibC.fchmod(whole.Fd, FullMode) == 0)
        {
            isStandIn = !IsReal(whole.Fd);
            return HostFile.Reopen(whole.Fd, LibC.O_RDWR | LibC.O_CLOEXEC);
        }

        int made = Create((long)ser.FileSize);
        if (made < 0)
        {
            return made;
        }

        int error = 0;
        foreach ((HugeMemfdFolioSer record, FolioRange? folio) in _folios)
        {
            long start = (long)(record.Index >> hstate.Order) * hstate.PageSize;
            long length = Math.Min(hstate.PageSize, (long)ser.FileSize - start);
            error = error != 0 || length <= 0 ? error
                : folio is not null ? new FolioCopy(folio, made, start).Copy(length)
                : CopyPlain(record.Pfn, made, start, length);
        }

        int fd = error != 0 ? error : HostFile.Reopen(made, LibC.O_RDWR | LibC.O_CLOEXEC);
        _ = LibC.close(made);
        return fd;
    }

    // Pages of a machine that got its memory from elsewhere.
    private unsafe int CopyPlain(ulong pfn, int fd, long start, long length)
    {
        for (long done = 0; done < length; done += PhysicalMemory.PageSize, pfn++)
        {
            Span<byte> page = handover.Memory.Page(pfn);
            int part = (int)Math.Min(page.Length, length - done);
            if (page[..part].ContainsAnyExcept((byte)0))
            {
                // SAFETY: pinned for the call, which reads no more than the page.
                fixed (byte* pointer = page)
                {
                    if (LibC.pwrite(fd, pointer, part, start + done) < 0)
                    {
                        return SystemCall.LastError;
                    }
                }
            }
        }

        return 0;
    }

    // The host file whose pages the folios are, each in its place; null where the new file would be refused what Linux's allows.
    private HostFile? FindWholeFile(in HugeMemfdSer ser)
    {
        FolioRange? first = null;
        foreach ((HugeMemfdFolioSer record, FolioRange? folio) in _folios)
        {
            first ??= folio;
            if (folio is not { IsDamaged: false } || folio.File != first!.File || folio.FilePage != record.Index)
            {
                return null;
            }
        }

        return first is not null
            && HostFile.Stat(first.File.Fd, out statx status) == 0
            && status.stx_size == ser.FileSize
            && LibC.fcntl(first.File.Fd, FcntlHeader.F_GET_SEALS, 0) is >= 0 and var seals
            && (seals & ~Seals) == 0
                ? first.File
                : null;
    }

    private int Insert(in HugeMemfdSer ser, HugeMemfdInode inode, ulong reserved)
    {
        inode.ReserveArriving(Math.Min(reserved, (ulong)_folios.Count));
        foreach ((HugeMemfdFolioSer record, FolioRange? folio) in _folios)
        {
            int error = inode.AddArriving(record.Index >> ser.Order, record.Pfn);
            if (error != 0)
            {
                return error;
            }

            if (folio is { IsDamaged: true })
            {
                AddPoison(inode, folio, (long)(record.Index >> ser.Order << ser.Order));
            }
        }

        return 0;
    }

    private void AddPoison(HugeMemfdInode inode, FolioRange folio, long first)
    {
        SortedSet<long> poisoned = inode.PoisonedPages ?? [];
        for (ulong page = 0; page < folio.PageCount; page++)
        {
            if (folio.DamageOf(page) == FolioDamage.HardwarePoisoned)
            {
                poisoned.Add(first + (long)page);
            }
        }

        if (poisoned.Count > 0)
        {
            huge.Memfds.Inodes.Poison(inode, poisoned);
        }
    }

    private int Publish(in HugeMemfdSer ser, HugeMemfdInode inode, int fd, LuoFile file)
    {
        // vfs_setpos: a position outside 0..MAX_LFS_FILESIZE leaves it at 0.
        if (ser.Pos is > 0 and <= long.MaxValue && LibC.lseek(fd, (long)ser.Pos, LibC.SEEK_SET) < 0)
        {
            return SystemCall.LastError;
        }

        _ = LibC.fcntl(fd, FcntlHeader.F_ADD_SEALS, Seals);
        inode.IsRetrieved = true;
        inode.Seals = LibC.fcntl(fd, FcntlHeader.F_GET_SEALS, 0) == Seals ? null : Seals;
        foreach ((HugeMemfdFolioSer record, FolioRange? folio) in _folios)
        {
            pages.Drop(inode.Hstate, record.Pfn, folio);
        }

        file.File = HostFile.Own(fd);
        file.Id = inode.Id;
        return 0;
    }

    private static unsafe bool IsReal(int fd)
    {
        // SAFETY: the structure has the size that fstatfs(2) fills (asm-generic/statfs.h).
        statfs fileSystem;
        return VfsHeader.fstatfs(fd, &fileSystem) == 0 && fileSystem.f_type == MagicHeader.HUGETLBFS_MAGIC;
    }

    private unsafe int Create(long size)
    {
        // SAFETY: the name is a NUL in static data.
        fixed (byte* name = "\0"u8)
        {
            int fd = LibC.memfd_create(name, huge.Memfds.Inodes.Host.Flags(LibC.MFD_CLOEXEC | MemfdHeader.MFD_EXEC));
            if (fd < 0)
            {
                return SystemCall.LastError;
            }

            int error = HostFile.SetSize(fd, size);
            if (error != 0)
            {
                _ = LibC.close(fd);
                return error;
            }

            return fd;
        }
    }
}
