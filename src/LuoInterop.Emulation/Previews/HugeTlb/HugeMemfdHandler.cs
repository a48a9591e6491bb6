using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Luo;
using LuoInterop.Emulation.Memfd;
using LuoInterop.Interop;
using LuoInterop.Kho.Previews;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Preserves memory files of huge pages (mm/hugetlb_luo.c of 20251206230222.853493-11-pratyush@kernel.org).</summary>
/// <remarks>
/// Where the posting is older than Linux 7.3, this is how it would be written there, a guess: one inode is preserved once, a
/// failed retrieve is not finished again, and finish frees the record. Guarded by the running kernel's lock.
/// </remarks>
internal sealed class HugeMemfdHandler(KexecHandover handover, MemfdInodes inodes, HugeTlbCore huge, PageHandover pages) : FileHandler
{
    public override string Compatible => HugeMemfdSer.HUGE_MEMFD_COMPATIBLE;

    // is_file_hugepages, and no name in any folder.
    public override bool CanPreserve(int fd, in statx status) =>
        status.stx_nlink == 0 && inodes.Find(HostFile.Key(status)) is HugeMemfdInode;

    public override int Preserve(LuoFile file, in statx status)
    {
        var inode = (HugeMemfdInode)inodes.Find(file.Id)!;
        ulong address = handover.Frames.TryAllocateSmall() ? handover.AllocatePreserved() : 0;
        if (address == 0)
        {
            return Refused.ENOMEM;
        }

        huge.Memfds.Look();
        inode.IsFrozen = true;
        inode.KnownSize = status.stx_size;
        int error = PreserveContent(file, inode, status.stx_size, address);
        if (error != 0)
        {
            inode.IsFrozen = false;
            handover.UnpreserveFree(address);
            return error;
        }

        file.SerializedData = address;
        return 0;
    }

    public override void Unpreserve(LuoFile file)
    {
        var inode = (HugeMemfdInode)inodes.Find(file.Id)!;
        if (file.PrivateData is FolioRange[] folios)
        {
            VmallocArea.Unpreserve(handover, Read(file).Folios);
            Unpreserve(inode.Hstate, folios, folios.Length);
        }

        inode.IsFrozen = false;
        handover.UnpreserveFree(file.SerializedData);
    }

    public override FolioRange? FindFolios(LuoFile file, ulong page) =>
        file.PrivateData is FolioRange[] folios && page / folios[0].PageCount < (ulong)folios.Length
            ? folios[page / folios[0].PageCount]
            : null;

    // Of what raw host calls can do only another size shows: the host's file of a preserved one is sparse.
    public override void FindChanges(LuoFile file, SessionKey session, List<EmulatedFrozenFileChange> changes)
    {
        if (inodes.Find(file.Id) is not HugeMemfdInode inode
            || HostFile.Stat(file.File!.Fd, out statx status) != 0
            || status.stx_size == inode.KnownSize)
        {
            return;
        }

        using var handle = new SafeFileHandle(file.File.Fd, ownsHandle: false);
        string link = huge.Calls.ReadLink(handle, file.File.Fd, out string text) == 0 ? text : "(no link)";
        string seen = $"its size is {status.stx_size} bytes, it was {inode.KnownSize}";
        changes.Add(new(KernelText.Decode(session.Bytes), file.Token, link, seen, "ftruncate(2)", Errno.EPERM));
    }

    // Only the position may have changed.
    public override int Freeze(LuoFile file)
    {
        long position = LibC.lseek(file.File!.Fd, 0, LibC.SEEK_CUR);
        if (position < 0)
        {
            return SystemCall.LastError;
        }

        (Read(file) with { Pos = (ulong)position }).Write(handover.Memory.Structure(file.SerializedData, HugeMemfdSer.Size));
        return 0;
    }

    public override int Retrieve(LuoFile file)
    {
        if (file.SerializedData == 0)
        {
            return Refused.EINVAL;
        }

        HugeMemfdSer ser = Read(file);
        int error = new RetrievedHugeMemfd(handover, huge, pages).Make(ser, file);
        handover.RestoreFree(file.SerializedData);
        return error;
    }

    // Pages that nobody asked for go to the pool.
    public override void Finish(LuoFile file)
    {
        if (file.RetrieveStatus != 0 || file.SerializedData == 0)
        {
            return;
        }

        HugeMemfdSer ser = Read(file);
        if (ser.NrFolios != 0 && VmallocArea.TryRestore(handover, ser.Folios))
        {
            GiveBack(ser);
            VmallocArea.Free(handover, ser.Folios);
        }

        handover.RestoreFree(file.SerializedData);
    }

    private void GiveBack(in HugeMemfdSer ser)
    {
        Hstate? hstate = huge.Pools.Find(ser.Order);
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, ser.Folios);
        for (ulong i = 0; i < ser.NrFolios; i++)
        {
            ulong pfn = cursor.NextFolio<HugeMemfdFolioSer>().Pfn;
            if (hstate is null)
            {
                // No such pool here: the page allocator gets them.
                if (handover.RestoreFolio(pfn, out FolioRange? range) is >= 0 and var order)
                {
                    handover.PutFolio(pfn, order, range);
                }
            }
            else if (pages.TryRestore(hstate, pfn, out FolioRange? folio))
            {
                pages.Drop(hstate, pfn, folio);
                pages.GiveBack(hstate, pfn);
            }
        }
    }

    // hugemfd_preserve and hugemfd_preserve_folios.
    private int PreserveContent(LuoFile file, HugeMemfdInode inode, ulong size, ulong address)
    {
        long position = LibC.lseek(file.File!.Fd, 0, LibC.SEEK_CUR);
        if (position < 0)
        {
            return SystemCall.LastError;
        }

        var ser = new HugeMemfdSer(size, (ulong)position, 0, default, (byte)inode.Hstate.Order);
        if (size != 0)
        {
            int error = PreserveFolios(file, inode, size / (ulong)inode.Hstate.PageSize, ref ser);
            if (error != 0)
            {
                return error;
            }
        }

        ser.Write(handover.Memory.Structure(address, HugeMemfdSer.Size));
        return 0;
    }

    private int PreserveFolios(LuoFile file, HugeMemfdInode inode, ulong count, ref HugeMemfdSer ser)
    {
        if (!handover.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        // memfd_pin_folios does not take room for nothing: a file of less than one page, as fallocate(2) can make it.
        int error = count == 0 ? Refused.EINVAL : Fill(inode, count);
        if (error != 0)
        {
            return error;
        }

        if (VmallocArea.Preserve(handover, count * HugeMemfdFolioSer.Size) is not { } area)
        {
            return Refused.ENOMEM;
        }

        Hstate hstate = inode.Hstate;
        var folios = new FolioRange[count];
        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, area);
        for (ulong index = 0; index < count; index++)
        {
            ulong pfn = inode.Pages[index].Pfn;
            var folio = new FolioRange(pfn, hstate.FrameCount, inode.Own.Get(), index << hstate.Order, hstate.Order);
            error = pages.Preserve(hstate, folio);
            if (error != 0)
            {
                folio.Dispose();
                Unpreserve(hstate, folios, (int)index);
                VmallocArea.Unpreserve(handover, area);
                return error;
            }

            folios[index] = folio;
            new HugeMemfdFolioSer(pfn, 0, index << hstate.Order).Write(cursor.Next(HugeMemfdFolioSer.Size));
        }

        file.PrivateData = folios;
        ser = ser with { NrFolios = count, Folios = area };
        return 0;
    }

    // Pinning fills the holes (memfd_pin_folios). Pages that were made stay when a later one cannot be had.
    private static int Fill(HugeMemfdInode inode, ulong count)
    {
        for (ulong index = 0; index < count; index++)
        {
            if (!inode.Pages.ContainsKey(index) && inode.AllocatePinned(index) != 0)
            {
                return Refused.ENOMEM;
            }
        }

        return 0;
    }

    private void Unpreserve(Hstate hstate, FolioRange[] folios, int count)
    {
        for (int i = 0; i < count; i++)
        {
            pages.Unpreserve(hstate, folios[i]);
        }
    }

    private HugeMemfdSer Read(LuoFile file) => HugeMemfdSer.Read(handover.Memory.Structure(file.SerializedData, HugeMemfdSer.Size));
}
