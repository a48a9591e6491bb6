using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Emulation.Luo;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Interop;
using LuoInterop.Kho.Previews;
using LuoInterop.Kho;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.GuestMemfd;

/// <summary>Makes the guest_memfd that RETRIEVE_FD answers with, and pulls its VM (kvm_gmem_luo_retrieve of the posting).</summary>
/// <remarks>
/// The host's file that holds the pages becomes the new one, so that nothing is copied. Only folios that are not all the pages of one
/// host file, each in its place, are copied into a fresh one.
/// </remarks>
internal sealed class RestoredGuestMemfd(KexecHandover handover, KvmModule kvm, GuestMemfdLuoSer ser)
{
    /// <summary>Makes the file. Its folios are no longer preserved afterwards, whatever happens.</summary>
    public int Make(LuoFile file)
    {
        int error = FindVm(file, out VirtualMachine? vm);
        if (error != 0)
        {
            Discard();
            return error;
        }

        // The view, the inode and the open file, before the folios are looked at.
        PageFrames frames = handover.Frames;
        if (!frames.TryAllocateSmall() || !frames.TryAllocateSmall() || !frames.TryAllocateSmall())
        {
            Discard();
            return Refused.ENOMEM;
        }

        // kho_restore_vmalloc says nothing of a shortage of memory: it is EINVAL too. The error path asks for the array once more,
        // and gets what was left of it.
        if (ser.NrFolios != 0 && (!frames.TryAllocateSmall() || !VmallocArea.TryRestore(handover, ser.Folios)))
        {
            return Refused.EINVAL;
        }

        GuestMemfdInode? inode = Fill(out error);
        if (ser.NrFolios != 0)
        {
            VmallocArea.Free(handover, ser.Folios);
        }

        if (inode is null)
        {
            return error;
        }

        var made = new GuestMemfdFile(vm!, inode);
        file.Own = made;
        file.Id = made.Key;
        return 0;
    }

    /// <summary>Drops folios that nobody will ask for (kvm_gmem_luo_discard_folios), and their array.</summary>
    public void Discard()
    {
        if (ser.NrFolios != 0 && VmallocArea.TryRestore(handover, ser.Folios))
        {
            Discard(0);
            VmallocArea.Free(handover, ser.Folios);
        }
    }

    // The checks in the posting's order; then the VM, which is retrieved by it (liveupdate_get_file_incoming).
    private int FindVm(LuoFile file, out VirtualMachine? vm)
    {
        vm = null;
        if (ser.FileSize is 0 or > long.MaxValue || (ser.FileSize & (PhysicalMemory.PageSize - 1)) != 0)
        {
            return Refused.EINVAL;
        }

        if ((ser.Flags & ~GuestMemfdLuoSer.GUEST_MEMFD_LUO_SUPPORTED_FLAGS) != 0)
        {
            return Refused.EOPNOTSUPP;
        }

        // A file that names itself as its VM waits for its own session's mutex on Linux; here its token is no VM's.
        LuoFile? found = null;
        int error = ser.VmToken == file.Token ? Refused.EINVAL : file.Files.Retrieve(ser.VmToken, out found);
        if (error != 0)
        {
            return error;
        }

        vm = (found!.Own as VmFile)?.Vm;
        return vm is null ? Refused.EINVAL : 0;
    }

    private GuestMemfdInode? Fill(out int error)
    {
        if (FindWholeFile() is { } whole)
        {
            HostFile kept = whole.Get();
            VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
            for (ulong i = 0; i < ser.NrFolios; i++)
            {
                ulong pfn = cursor.NextFolio<GuestMemfdLuoFolioSer>().Pfn;
                handover.PutFolio(pfn, handover.RestoreFolio(pfn, out FolioRange? range), range);
            }

            error = 0;
            return new GuestMemfdInode(kept, (long)ser.FileSize, ser.Flags, kvm.FreezeGate);
        }

        GuestMemfdInode? inode = GuestMemfdInode.Create((long)ser.FileSize, ser.Flags, kvm.FreezeGate, out error);
        if (inode is null)
        {
            Discard(0);
            return null;
        }

        // A panic, too, gives the descriptor back: it is the host's.
        error = Refused.EIO;
        try
        {
            error = Insert(inode);
            return error == 0 ? inode : null;
        }
        finally
        {
            if (error != 0)
            {
                inode.File.Dispose();
            }
        }
    }

    // The host's file whose pages the folios are, all of them, in ascending order; null when the array says anything else.
    private HostFile? FindWholeFile()
    {
        HostFile? file = null;
        long next = 0;
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
        for (ulong i = 0; i < ser.NrFolios; i++)
        {
            if (cursor.Next(GuestMemfdLuoFolioSer.Size) is not { IsEmpty: false } entry)
            {
                return null;
            }

            GuestMemfdLuoFolioSer folio = GuestMemfdLuoFolioSer.Read(entry);
            FolioRange? range = handover.Memory.FindFolios(folio.Pfn);
            file ??= range?.File;
            if (range is null || range.File != file || range.IsDamaged || range.OrderAt(folio.Pfn) != 0
                || (folio.Flags & GuestMemfdLuoFolioSer.GUEST_MEMFD_LUO_FOLIO_UPTODATE) == 0
                || folio.Index != range.FilePage + (folio.Pfn - range.FirstPfn) || (long)folio.Index < next)
            {
                return null;
            }

            next = (long)folio.Index + 1;
        }

        // Pages that are there, and were not recorded, are not the new file's.
        if (file is null || HostFile.Stat(file.Fd, out statx status) != 0 || status.stx_size != ser.FileSize)
        {
            return null;
        }

        var probe = new GuestMemfdInode(file, (long)ser.FileSize, ser.Flags, kvm.FreezeGate);
        return probe.FindPresent().Sum(static run => run.Count) == (long)ser.NrFolios ? file : null;
    }

    private int Insert(GuestMemfdInode inode)
    {
        var filled = new PageRanges();
        var poisoned = new List<long>();
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
        for (ulong i = 0; i < ser.NrFolios; i++)
        {
            GuestMemfdLuoFolioSer folio = cursor.NextFolio<GuestMemfdLuoFolioSer>();
            if (folio.Pfn == 0)
            {
                continue;
            }

            int order = handover.RestoreFolio(folio.Pfn, out FolioRange? range);
            int error = order < 0 ? Refused.EIO : Insert(inode, folio, order, range, filled, poisoned);
            if (order >= 0)
            {
                handover.PutFolio(folio.Pfn, order, range);
            }

            if (error != 0)
            {
                Discard(i + 1);
                return error;
            }
        }

        if (poisoned.Count > 0)
        {
            inode.Poison(poisoned);
        }

        return 0;
    }

    // filemap_add_folio: EEXIST where a page has a folio already. What lies past the end is never seen.
    private unsafe int Insert(
        GuestMemfdInode inode, in GuestMemfdLuoFolioSer folio, int order, FolioRange? range, PageRanges filled, List<long> poisoned)
    {
        int error = new ArrivingFolio(folio.Pfn, folio.Index, range)
            .Claim(order, filled, ser.FileSize >> PhysicalMemory.PageShift, poisoned, out ulong count);
        if (error != 0)
        {
            return error;
        }

        byte* buffer = stackalloc byte[PhysicalMemory.PageSize];
        var page = new Span<byte>(buffer, PhysicalMemory.PageSize);
        for (ulong i = 0; i < count; i++)
        {
            ulong index = folio.Index + i;
            page.Clear();
            if ((folio.Flags & GuestMemfdLuoFolioSer.GUEST_MEMFD_LUO_FOLIO_UPTODATE) != 0
                && !handover.Memory.TryRead((folio.Pfn + i) << PhysicalMemory.PageShift, page))
            {
                return Refused.EIO;
            }

            // SAFETY: the buffer is a page on this stack.
            if (LibC.pwrite(inode.File.Fd, buffer, PhysicalMemory.PageSize, (long)index << PhysicalMemory.PageShift) < 0)
            {
                return SystemCall.LastError;
            }
        }

        return 0;
    }

    private void Discard(ulong first) =>
        ArrivingFolio.Discard<GuestMemfdLuoFolioSer>(handover, ser.Folios, ser.NrFolios, first, static folio => folio.Pfn);
}
