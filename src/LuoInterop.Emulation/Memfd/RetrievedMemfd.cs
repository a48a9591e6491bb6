using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Interop;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using Tmds.Linux;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Makes the file that RETRIEVE_FD answers with (memfd_luo_retrieve of mm/memfd_luo.c).</summary>
/// <remarks>
/// The host file that holds the folios becomes the new file, so that nothing is copied: it is opened anew, and given the
/// new file's mode and seals. What the host does not allow is kept in <see cref="MemfdInode"/>. Only a host file that would
/// refuse what the new one allows, or folios that are not one whole host file, are copied into a fresh one.
/// </remarks>
internal sealed class RetrievedMemfd(KexecHandover handover, MemfdInodes inodes)
{
    private const uint FullMode = 0x1ff;
    private const uint ExecuteBits = 0x49;
    private const int WriteSeals =
        FcntlHeader.F_SEAL_SHRINK | FcntlHeader.F_SEAL_GROW | FcntlHeader.F_SEAL_WRITE | FcntlHeader.F_SEAL_FUTURE_WRITE;

    private SortedSet<long>? _poisoned;

    /// <summary>Makes the file. Once the array of folios is found, they are no longer preserved afterwards, whatever happens.</summary>
    public int Make(in MemfdLuoSer ser, LuoFile file)
    {
        // kho_restore_vmalloc says nothing of a shortage of memory: it is EINVAL too.
        if (ser.NrFolios != 0 && (!handover.Frames.TryAllocateSmall() || !VmallocArea.TryRestore(handover, ser.Folios)))
        {
            return Refused.EINVAL;
        }

        int fd;
        if (ser.NrFolios != 0 && !handover.Frames.TryAllocateSmall())
        {
            // shmem_add_to_page_cache.
            Discard(handover, ser, 0);
            fd = Refused.ENOMEM;
        }
        else if (ser.NrFolios != 0 && FindWholeFile(ser) is { } range)
        {
            RestoreAll(ser);
            fd = Reuse(range.File.Fd, ser);
            if (fd < 0)
            {
                fd = CopyOf(ser, range);
            }

            handover.FreeFolios(range);
        }
        else
        {
            fd = Assemble(ser);
        }

        if (ser.NrFolios != 0)
        {
            VmallocArea.Free(handover, ser.Folios);
        }

        return fd < 0 ? fd : Publish(fd, ser, file);
    }

    /// <summary>Drops folios that nobody will ask for (memfd_luo_discard_folios), from one entry of the array on.</summary>
    public static void Discard(KexecHandover handover, in MemfdLuoSer ser, ulong first) =>
        ArrivingFolio.Discard<MemfdLuoFolioSer>(handover, ser.Folios, ser.NrFolios, first, static folio => folio.Pfn);

    /// <summary>Gets the seals that a set becomes on a new file of mode 0777 (memfd_add_seals in mm/memfd.c).</summary>
    public static int Widened(int seals) => (seals & FcntlHeader.F_SEAL_EXEC) != 0 ? seals | WriteSeals : seals;

    // The host file whose pages 0, 1, 2 ... the folios are, all of them; null when the array says anything else.
    private FolioRange? FindWholeFile(in MemfdLuoSer ser)
    {
        FolioRange? range = null;
        ulong next = 0;
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
        for (ulong i = 0; i < ser.NrFolios; i++)
        {
            if (cursor.Next(MemfdLuoFolioSer.Size) is not { IsEmpty: false } entry)
            {
                return null;
            }

            MemfdLuoFolioSer folio = MemfdLuoFolioSer.Read(entry);
            range ??= handover.Memory.FindFolios(folio.Pfn);
            int order = range?.OrderAt(folio.Pfn) ?? -1;
            if (order < 0 || folio.Index != next || folio.Pfn != range!.FirstPfn + next)
            {
                return null;
            }

            next += 1UL << order;
        }

        return range is { IsDamaged: false, FilePage: 0 } && next == range.PageCount && HostFile.Stat(range.File.Fd, out statx status) == 0
            && status.stx_size == ser.FileSize
            && range.PageCount >= (ser.FileSize + PhysicalMemory.PageSize - 1) >> PhysicalMemory.PageShift
                ? range
                : null;
    }

    private void RestoreAll(in MemfdLuoSer ser)
    {
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
        for (ulong i = 0; i < ser.NrFolios; i++)
        {
            _ = handover.RestoreFolio(MemfdLuoFolioSer.Read(cursor.Next(MemfdLuoFolioSer.Size)).Pfn, out _);
        }
    }

    // Opens the host file anew: the descriptor, or -errno when the host would refuse what the new file allows.
    private static int Reuse(int fd, in MemfdLuoSer ser)
    {
        int seals = LibC.fcntl(fd, FcntlHeader.F_GET_SEALS, 0);
        if (seals < 0)
        {
            return SystemCall.LastError;
        }

        if ((seals & ~Widened((int)ser.Seals)) != 0)
        {
            // Seals added after PRESERVE_FD are not carried, and the host never takes one away.
            return Refused.EPERM;
        }

        int error = HostFile.Stat(fd, out statx status);
        if (error != 0)
        {
            return error;
        }

        // Pages past the end (fallocate with KEEP_SIZE) were not preserved; what the last page holds past it was.
        long end = ((long)ser.FileSize + PhysicalMemory.PageSize - 1) & -(long)PhysicalMemory.PageSize;
        if ((long)status.stx_blocks * 512 > end
            && LibC.fallocate(fd, FallocHeader.FALLOC_FL_PUNCH_HOLE | FallocHeader.FALLOC_FL_KEEP_SIZE, end, long.MaxValue - end) < 0)
        {
            return SystemCall.LastError;
        }

        // F_SEAL_EXEC keeps the execute bits as they are; all others are the new file's.
        bool fixedBits = (seals & FcntlHeader.F_SEAL_EXEC) != 0;
        uint mode = fixedBits ? (FullMode & ~ExecuteBits) | (status.stx_mode & ExecuteBits) : FullMode;
        return LibC.fchmod(fd, (ushort)mode) < 0 ? SystemCall.LastError : HostFile.Reopen(fd, LibC.O_RDWR | LibC.O_CLOEXEC);
    }

    private int CopyOf(in MemfdLuoSer ser, FolioRange range)
    {
        int fd = CreateFile((long)ser.FileSize);
        if (fd < 0)
        {
            return fd;
        }

        int error = CopyPages(range.FirstPfn, range.PageCount, fd, 0, (long)ser.FileSize);
        return error == 0 ? fd : Abandon(fd, error);
    }

    // memfd_luo_retrieve_folios, folio by folio.
    private int Assemble(in MemfdLuoSer ser)
    {
        int fd = CreateFile((long)ser.FileSize);
        if (fd < 0)
        {
            Discard(handover, ser, 0);
            return fd;
        }

        // A panic, too, gives the descriptor back: it is the host's.
        int error = Refused.EIO;
        try
        {
            error = InsertFolios(ser, fd);
            return error == 0 ? fd : error;
        }
        finally
        {
            if (error != 0)
            {
                Abandon(fd, error);
            }
        }
    }

    private int InsertFolios(in MemfdLuoSer ser, int fd)
    {
        var filled = new PageRanges();
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
        for (ulong i = 0; i < ser.NrFolios; i++)
        {
            MemfdLuoFolioSer folio = cursor.NextFolio<MemfdLuoFolioSer>();
            if (folio.Pfn == 0)
            {
                continue;
            }

            int order = handover.RestoreFolio(folio.Pfn, out FolioRange? range);
            int error = order < 0 ? Refused.EIO : Insert(folio, order, range, filled, fd, ser.FileSize);
            if (order >= 0)
            {
                handover.PutFolio(folio.Pfn, order, range);
            }

            if (error != 0)
            {
                Discard(handover, ser, i + 1);
                return error;
            }
        }

        return 0;
    }

    // shmem_add_to_page_cache: EEXIST where a page has a folio already. What lies past the end is not seen.
    private int Insert(in MemfdLuoFolioSer folio, int order, FolioRange? range, PageRanges filled, int fd, ulong size)
    {
        ulong pages = (size + PhysicalMemory.PageSize - 1) >> PhysicalMemory.PageShift;
        int error = new ArrivingFolio(folio.Pfn, folio.Index, range).Claim(order, filled, pages, _poisoned ??= [], out ulong count);
        if (error != 0 || count == 0)
        {
            return error;
        }

        return CopyPages(folio.Pfn, count, fd, (long)folio.Index << PhysicalMemory.PageShift, (long)size);
    }

    private unsafe int CreateFile(long size)
    {
        // SAFETY: the name is a NUL in static data.
        fixed (byte* name = "\0"u8)
        {
            int fd = LibC.memfd_create(name, inodes.Host.Flags(LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING | MemfdHeader.MFD_EXEC));
            if (fd < 0)
            {
                return SystemCall.LastError;
            }

            int error = HostFile.SetSize(fd, size);
            return error != 0 ? Abandon(fd, error) : fd;
        }
    }

    private static int Abandon(int fd, int error)
    {
        // close(2) frees the number whatever it answers.
        _ = LibC.close(fd);
        return error;
    }

    private unsafe int CopyPages(ulong pfn, ulong pages, int to, long position, long size)
    {
        const int Step = 1 << 20;
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(Step);
        try
        {
            long length = Math.Min((long)pages << PhysicalMemory.PageShift, size - position);

            // SAFETY: pinned for the loop; a piece is at most Step bytes, which the rented array holds.
            fixed (byte* pointer = buffer)
            {
                for (long done = 0; done < length;)
                {
                    int part = (int)Math.Min(Step, length - done);
                    if (!handover.Memory.TryRead((pfn << PhysicalMemory.PageShift) + (ulong)done, buffer.AsSpan(0, part)))
                    {
                        return Refused.EIO;
                    }

                    long written = LibC.pwrite(to, pointer, part, position + done);
                    if (written < 0)
                    {
                        return SystemCall.LastError;
                    }

                    done += written;
                }
            }

            // The last page went over whole: what lies past the end in it shows when the file grows.
            int within = (int)(size & (PhysicalMemory.PageSize - 1));
            if (within == 0 || length != size - position)
            {
                return 0;
            }

            Span<byte> rest = buffer.AsSpan(0, (int)PhysicalMemory.PageSize - within);
            return !handover.Memory.TryRead((pfn << PhysicalMemory.PageShift) + (ulong)length, rest) ? Refused.EIO
                : LastPage.Write(to, (ulong)size >> PhysicalMemory.PageShift, within, rest);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Gives the file position, seals and identity.
    private int Publish(int fd, in MemfdLuoSer ser, LuoFile file)
    {
        HostFile opened = HostFile.Own(fd);
        int error = HostFile.Stat(fd, out statx status);
        if (error != 0)
        {
            opened.Dispose();
            return error;
        }

        // vfs_setpos: a position outside 0..MAX_LFS_FILESIZE leaves it at 0.
        if (ser.Pos is > 0 and <= long.MaxValue && LibC.lseek(fd, (long)ser.Pos, LibC.SEEK_SET) < 0)
        {
            error = SystemCall.LastError;
            opened.Dispose();
            return error;
        }

        int seals = Widened((int)ser.Seals);
        bool isKeptHere = (seals & FcntlHeader.F_SEAL_EXEC) != 0 && !inodes.Host.HasExecSeals;
        int hostSeals = AddSeals(fd, isKeptHere ? seals & ~FcntlHeader.F_SEAL_EXEC : seals);
        file.File = opened;
        file.Id = HostFile.Key(status);
        MemfdInode inode = inodes.GetOrAdd(file.Id);
        inode.IsRetrieved = true;
        if (_poisoned is { Count: > 0 })
        {
            inodes.Poison(inode, _poisoned);
        }

        inode.Seals = hostSeals == seals ? null : seals;
        inode.Mode = (status.stx_mode & FullMode) == FullMode && !isKeptHere ? null : (ushort)LibC.S_IFREG | FullMode;
        return 0;
    }

    // Seals the host file as far as it goes: its seals afterwards. F_SEAL_WRITE is refused while the dead kernel's program
    // still maps the file for writing, which no program outlives on Linux; F_SEAL_FUTURE_WRITE then keeps out all others.
    private static int AddSeals(int fd, int seals)
    {
        int now = LibC.fcntl(fd, FcntlHeader.F_GET_SEALS, 0);
        int missing = seals & ~now;
        if (now < 0 || missing == 0)
        {
            return now;
        }

        if (LibC.fcntl(fd, FcntlHeader.F_ADD_SEALS, missing) < 0)
        {
            int possible = missing & ~(FcntlHeader.F_SEAL_WRITE | FcntlHeader.F_SEAL_SEAL);
            if ((missing & FcntlHeader.F_SEAL_WRITE) != 0)
            {
                possible |= FcntlHeader.F_SEAL_FUTURE_WRITE;
            }

            // Refused again where the old file has F_SEAL_SEAL: then the seam alone keeps the seals.
            _ = LibC.fcntl(fd, FcntlHeader.F_ADD_SEALS, possible);
        }

        return LibC.fcntl(fd, FcntlHeader.F_GET_SEALS, 0);
    }
}
