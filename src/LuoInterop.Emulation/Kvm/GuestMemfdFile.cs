using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <summary>A guest_memfd: one VM's view of its memory (<c>struct gmem_file</c> and kvm_gmem_fops of virt/kvm/guest_memfd.c).</summary>
internal sealed class GuestMemfdFile : OpenFile
{
    private const uint ReadWrite = 0x180;

    private readonly List<MemorySlot> _bindings = [];

    public GuestMemfdFile(VirtualMachine vm, GuestMemfdInode inode)
    {
        Vm = vm;
        Inode = inode;
        Flags = FcntlHeader.O_RDWR | FcntlHeader.O_LARGEFILE;
        vm.Kvm.Add(this);
    }

    /// <summary>Gets the VM, which the file keeps.</summary>
    public VirtualMachine Vm { get; }

    public GuestMemfdInode Inode { get; }

    public override string LinkText => "/[kvm-gmem] (deleted)";

    // The inode has no operations for a file that is opened by its place.
    public override bool HasPath => false;

    public override bool AllocatesUnlocked => true;

    // kvm_gmem_setattr.
    public override int ChangeMode(uint mode) => Refused.EINVAL;

    // Folios are not counted in the inode's blocks.
    public override FileStatus Status() => new(
        MagicHeader.GUEST_MEMFD_MAGIC, 0, Inode.Number, 1, StatHeader.S_IFREG | ReadWrite, 0, 0, Inode.Size, 0);

    /// <summary>Creates a file (__kvm_gmem_create): 0 or <c>-errno</c>.</summary>
    public static int Create(VirtualMachine vm, long size, ulong flags, out GuestMemfdFile? file)
    {
        // The view, the inode and the open file.
        file = null;
        PageFrames frames = vm.Kvm.Frames;
        if (!frames.TryAllocateSmall() || !frames.TryAllocateSmall() || !frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        if (GuestMemfdInode.Create(size, flags, vm.Kvm.FreezeGate, out int error) is not { } inode)
        {
            return error;
        }

        file = new GuestMemfdFile(vm, inode);
        return 0;
    }

    /// <summary>Binds pages to a region (kvm_gmem_commit_memory_region): 0 or EEXIST.</summary>
    public int Bind(MemorySlot slot)
    {
        if (_bindings.Exists(other => slot.MemoryPage < other.MemoryPage + other.Pages && other.MemoryPage < slot.MemoryPage + slot.Pages))
        {
            return Refused.EEXIST;
        }

        _bindings.Add(slot);
        slot.Memory = this;
        return 0;
    }

    /// <summary>Frees the pages of a region that is gone (kvm_gmem_unbind).</summary>
    public void Unbind(MemorySlot slot)
    {
        _bindings.Remove(slot);
        slot.Memory = null;
    }

    /// <summary>Freezes the memory and closes the holes of its mappings: 0, or the host's <c>-errno</c> with nothing frozen.</summary>
    public int Freeze(out List<PageRun> present)
    {
        Inode.Freeze();
        int error = Vm.Kvm.Mappings.Protect(Inode, out present);
        if (error != 0)
        {
            Inode.Unfreeze();
        }

        return error;
    }

    /// <summary>Undoes <see cref="Freeze"/>.</summary>
    public void Unfreeze()
    {
        Vm.Kvm.Mappings.Lift(Inode);
        Inode.Unfreeze();
    }

    // kvm_gmem_fallocate. As in the review of the posting, arguments are looked at first, and the freeze then. Without the running
    // kernel's lock: a freeze waits at the gate, and nobody waits to unfreeze.
    protected override int AllocateOperation(EmulatedProcess process, int mode, long offset, long length)
    {
        const int Keep = FallocHeader.FALLOC_FL_KEEP_SIZE;
        const int Punch = FallocHeader.FALLOC_FL_PUNCH_HOLE;
        if (offset > long.MaxValue - length)
        {
            return Refused.EFBIG;
        }

        if ((mode & Keep) == 0 || (mode & ~(Keep | Punch)) != 0)
        {
            return Refused.EOPNOTSUPP;
        }

        if (((offset | length) & (PhysicalMemory.PageSize - 1)) != 0)
        {
            return Refused.EINVAL;
        }

        Srcu gate = Vm.Kvm.FreezeGate;
        int index = gate.Enter();
        try
        {
            process.ThrowIfDead();
            return Inode.Allocate((mode & Punch) != 0, offset, length);
        }
        finally
        {
            gate.Exit(index);
        }
    }

    // kvm_gmem_mmap; the mount is MNT_NOEXEC.
    protected override unsafe nint MapOperation(FileDescriptorTable process, nuint length, int protection, int flags, long offset)
    {
        if ((protection & MmanHeader.PROT_EXEC) != 0)
        {
            return Refused.EPERM;
        }

        if (!Inode.SupportsMap)
        {
            return Refused.ENODEV;
        }

        if ((flags & MmanHeader.MAP_SHARED) == 0)
        {
            return Refused.EINVAL;
        }

        // Memory that is not shared may be mapped, but not touched. Filling a mapping in advance says nothing of what it cannot fill.
        int allowed = Inode.IsShared ? protection : MmanHeader.PROT_NONE;
        int hostFlags = Inode.IsShared && !Inode.IsFrozen ? flags : flags & ~MmanHeader.MAP_POPULATE;
        void* address = HostLibc.mmap(null, length, allowed, hostFlags, Inode.File.Fd, offset);
        if (address == (void*)-1)
        {
            return HostLibc.LastError;
        }

        long bytes = (long)((length + PhysicalMemory.PageSize - 1) & ~(nuint)(PhysicalMemory.PageSize - 1));
        var mapping = new GuestMapping((nint)address, bytes, offset >> PhysicalMemory.PageShift, allowed, this, process);
        int error = Vm.Kvm.Mappings.Add(mapping);
        if (error != 0)
        {
            return HostLibc.munmap(address, length) < 0 ? HostLibc.LastError : error;
        }

        return (nint)address;
    }

    // kvm_gmem_release: the memory goes with the file, and regions are without it.
    protected override void Release()
    {
        foreach (MemorySlot slot in _bindings)
        {
            slot.Memory = null;
        }

        _bindings.Clear();
        Vm.Srcu.Synchronize();
        Vm.Kvm.Remove(this);
        Inode.File.Dispose();
    }
}
