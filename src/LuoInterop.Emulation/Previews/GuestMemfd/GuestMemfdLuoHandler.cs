using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Emulation.Luo;
using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using Tmds.Linux;

namespace LuoInterop.Emulation.Previews.GuestMemfd;

/// <summary>Preserves guest_memfds whose memory is all shared (virt/kvm/guest_memfd_luo.c of the posting
/// 20260728121138.1103610-1-tarunsahu@google.com).</summary>
/// <remarks>
/// The pages stay in the host's file; only those that are present are recorded, each as a folio of its own. Guarded by the running
/// kernel's lock.
/// </remarks>
internal sealed class GuestMemfdLuoHandler(KexecHandover handover, KvmModule kvm) : FileHandler
{
    public override string Compatible => GuestMemfdLuoSer.GUEST_MEMFD_LUO_FH_COMPATIBLE;

    // No VM of the emulated kernel has private memory, and no file large folios.
    public override bool CanPreserve(OpenFile file) => file is GuestMemfdFile { Inode.IsShared: true };

    public override int Preserve(LuoFile file, in statx status)
    {
        var memory = (GuestMemfdFile)file.Own!;
        int error = memory.Freeze(out List<PageRun> present);
        if (error != 0)
        {
            return error;
        }

        error = PreserveFrozen(file, memory.Inode, present);
        if (error != 0)
        {
            memory.Unfreeze();
        }

        return error;
    }

    public override void Unpreserve(LuoFile file)
    {
        GuestMemfdLuoSer ser = Read(file);
        if (ser.NrFolios > 0)
        {
            VmallocArea.Unpreserve(handover, ser.Folios);
        }

        Drop((List<FolioRange>)file.PrivateData!);
        handover.UnpreserveFree(file.SerializedData);
        ((GuestMemfdFile)file.Own!).Unfreeze();
    }

    // The VM may be preserved before or after its memory, but in the same session.
    public override int Freeze(LuoFile file)
    {
        if (((GuestMemfdFile)file.Own!).Vm.File is not { } vm)
        {
            return Refused.ENOENT;
        }

        int error = file.Files.FindToken(vm, out ulong token);
        if (error == 0)
        {
            Write(file.SerializedData, Read(file) with { VmToken = token });
        }

        return error;
    }

    public override int Retrieve(LuoFile file)
    {
        if (file.SerializedData == 0)
        {
            return Refused.EINVAL;
        }

        var restored = new RestoredGuestMemfd(handover, kvm, Read(file));
        int error = restored.Make(file);
        handover.RestoreFree(file.SerializedData);
        return error;
    }

    public override void Finish(LuoFile file)
    {
        if (file.RetrieveStatus != 0 || file.SerializedData == 0)
        {
            return;
        }

        new RestoredGuestMemfd(handover, kvm, Read(file)).Discard();
        handover.RestoreFree(file.SerializedData);
    }

    public override FolioRange? FindFolios(LuoFile file, ulong page) =>
        (file.PrivateData as List<FolioRange>)?.Find(range => page >= range.FilePage && page - range.FilePage < range.PageCount);

    private int PreserveFrozen(LuoFile file, GuestMemfdInode inode, List<PageRun> present)
    {
        ulong address = handover.AllocatePreserved();
        if (address == 0)
        {
            return Refused.ENOMEM;
        }

        int error = PreserveFolios(inode, present, out KhoVmalloc area, out ulong folios, out List<FolioRange> ranges);
        if (error != 0)
        {
            handover.UnpreserveFree(address);
            return error;
        }

        ulong flags = (inode.SupportsMap ? GuestMemfdLuoSer.GUEST_MEMFD_LUO_FLAG_MMAP : 0)
            | (inode.IsShared ? GuestMemfdLuoSer.GUEST_MEMFD_LUO_FLAG_INIT_SHARED : 0);
        Write(address, new GuestMemfdLuoSer((ulong)inode.Size, flags, folios, 0, area));
        file.SerializedData = address;
        file.PrivateData = ranges;
        return 0;
    }

    // kvm_gmem_luo_walk_folios, with the array of kho_preserve_vmalloc made first.
    private int PreserveFolios(
        GuestMemfdInode inode, List<PageRun> present, out KhoVmalloc area, out ulong folios, out List<FolioRange> ranges)
    {
        area = default;
        ranges = [];
        folios = 0;
        foreach (PageRun run in present)
        {
            folios += (ulong)run.Count;
        }

        if (folios == 0)
        {
            return 0;
        }

        if (inode.HasPoison)
        {
            return Refused.EHWPOISON;
        }

        if (!handover.Frames.TryAllocateSmall() || VmallocArea.Preserve(handover, folios * GuestMemfdLuoFolioSer.Size) is not { } array)
        {
            return Refused.ENOMEM;
        }

        VmallocArea.Cursor cursor = VmallocArea.GetCursor(handover, array);
        foreach (PageRun run in present)
        {
            FolioRange? range = handover.PreserveFolios(inode.File.Get(), (ulong)run.Count, 0, (ulong)run.First);
            if (range is null)
            {
                inode.File.Dispose();
                VmallocArea.Unpreserve(handover, array);
                Drop(ranges);
                return Refused.ENOMEM;
            }

            ranges.Add(range);
            for (ulong i = 0; i < range.PageCount; i++)
            {
                new GuestMemfdLuoFolioSer(range.FirstPfn + i, GuestMemfdLuoFolioSer.GUEST_MEMFD_LUO_FOLIO_UPTODATE, range.FilePage + i)
                    .Write(cursor.Next(GuestMemfdLuoFolioSer.Size));
            }
        }

        area = array;
        return 0;
    }

    private void Drop(List<FolioRange> ranges)
    {
        foreach (FolioRange range in ranges)
        {
            handover.UnpreserveFolios(range, 0);
            handover.FreeFolios(range);
        }
    }

    private GuestMemfdLuoSer Read(LuoFile file) =>
        GuestMemfdLuoSer.Read(handover.Memory.Structure(file.SerializedData, GuestMemfdLuoSer.Size));

    private void Write(ulong address, in GuestMemfdLuoSer ser) => ser.Write(handover.Memory.Structure(address, GuestMemfdLuoSer.Size));
}
