using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds a virtual machine: its memory regions and the numbers of its vCPUs (<c>struct kvm</c>, virt/kvm/kvm_main.c).</summary>
/// <remarks>Guarded by the running kernel's lock. Guests read the regions inside <see cref="Srcu"/>, without that lock.</remarks>
internal sealed partial class VirtualMachine(KvmModule kvm, ulong type, string name, FileDescriptorTable process)
{
    // arch/x86/include/asm/kvm_host.h: KVM_USER_MEM_SLOTS is SHRT_MAX less KVM_INTERNAL_MEM_SLOTS; two address spaces with SMM.
    private const uint UserMemorySlots = short.MaxValue - 3;
    private const uint AddressSpaces = 2;

    // include/linux/kvm_host.h: KVM_MEM_MAX_NR_PAGES.
    private const ulong MostPages = (1UL << 31) - 1;

    // kvm_mmu_max_gfn() of a processor with 52 address bits.
    private const ulong MostFrame = (1UL << (52 - PhysicalMemory.PageShift)) - 1;

    // TASK_SIZE_MAX of x86-64 with four page-table levels.
    private const ulong TaskSize = (1UL << 47) - PhysicalMemory.PageSize;

    // CONFIG_KVM_MAX_NR_VCPUS, and KVM_VCPU_ID_RATIO times it.
    private const int MostVcpus = 1024;
    private const nint MostVcpuIds = 4 * MostVcpus;

    private readonly HashSet<nint> _vcpuIds = [];

    // Replaced as a whole, as the kernel's two sets are.
    private volatile MemorySlot[] _slots = [];

    public KvmModule Kvm { get; } = kvm;

    /// <summary>Gets the type, as KVM_CREATE_VM took it: all that is preserved.</summary>
    public ulong Type { get; } = type;

    /// <summary>Gets the number in the names that debugfs has: the descriptor at creation, a counter for one that was restored.</summary>
    public string Name { get; } = name;

    /// <summary>Gets the process whose memory the VM is bound to; others get EIO (<c>kvm->mm</c>).</summary>
    public FileDescriptorTable Process { get; } = process;

    /// <summary>Gets or sets the VM's file while it is open (<c>kvm->vm_file</c> of the posting);
    /// null when only vCPUs and memory are.</summary>
    public VmFile? File { get; set; }

    /// <summary>Gets the devices that KVM has in the kernel.</summary>
    public KernelDevices Devices { get; } = new();

    /// <summary>Gets whether a vCPU was created (<c>kvm->created_vcpus</c>).</summary>
    public bool HasVcpu => _vcpuIds.Count > 0;

    /// <summary>Gets or sets whether a pending exception is told from an injected one (KVM_CAP_EXCEPTION_PAYLOAD).</summary>
    public bool HasExceptionPayload { get; set; }

    /// <summary>Gets what guards regions against removal while a guest uses them (<c>kvm->srcu</c>).</summary>
    public Srcu Srcu { get; } = new();

    /// <summary>Finds the region that a guest's page frame lies in, or null.</summary>
    public MemorySlot? FindSlot(ulong frame)
    {
        foreach (MemorySlot slot in _slots)
        {
            if (slot.Number >> 16 == 0 && slot.Contains(frame))
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>Takes a vCPU's number (kvm_vm_ioctl_create_vcpu): 0, EINVAL or EEXIST.</summary>
    public int ClaimVcpu(nint id)
    {
        if (id is < 0 or >= MostVcpuIds || _vcpuIds.Count >= MostVcpus)
        {
            return Refused.EINVAL;
        }

        return _vcpuIds.Add(id) ? 0 : Refused.EEXIST;
    }

    /// <summary>Gives a number back whose vCPU could not be made.</summary>
    public void ReleaseVcpu(nint id) => _vcpuIds.Remove(id);

    /// <summary>Creates, changes or removes a region (kvm_set_memory_region), in the kernel's order.</summary>
    public int SetRegion(FileDescriptorTable descriptors, in kvm_userspace_memory_region2 region)
    {
        const ulong Mask = PhysicalMemory.PageSize - 1;
        bool hasMemory = (region.flags & KvmHeader.KVM_MEM_GUEST_MEMFD) != 0;
        uint valid = hasMemory ? KvmHeader.KVM_MEM_GUEST_MEMFD : KvmHeader.KVM_MEM_LOG_DIRTY_PAGES | KvmHeader.KVM_MEM_READONLY;
        if ((ushort)region.slot >= UserMemorySlots
            || (region.flags & ~valid) != 0
            || ((region.memory_size | region.guest_phys_addr | region.userspace_addr) & Mask) != 0
            || region.userspace_addr + region.memory_size < region.memory_size
            || region.userspace_addr + region.memory_size > TaskSize
            || (hasMemory
                && ((region.guest_memfd_offset & Mask) != 0 || region.guest_memfd_offset + region.memory_size < region.memory_size))
            || region.slot >> 16 >= AddressSpaces
            || region.guest_phys_addr + region.memory_size < region.guest_phys_addr
            || region.memory_size >> PhysicalMemory.PageShift > MostPages)
        {
            return Refused.EINVAL;
        }

        uint number = region.slot;
        MemorySlot? old = Array.Find(_slots, slot => slot.Number == number);
        if (region.memory_size == 0)
        {
            return old is null ? Refused.EINVAL : Delete(old);
        }

        var slot = new MemorySlot
        {
            Number = number,
            Flags = region.flags,
            FirstFrame = region.guest_phys_addr >> PhysicalMemory.PageShift,
            Pages = region.memory_size >> PhysicalMemory.PageShift,
            UserAddress = region.userspace_addr,
        };
        if (old is not null)
        {
            const uint Fixed = KvmHeader.KVM_MEM_READONLY | KvmHeader.KVM_MEM_GUEST_MEMFD;
            if (hasMemory || slot.UserAddress != old.UserAddress || slot.Pages != old.Pages || ((slot.Flags ^ old.Flags) & Fixed) != 0)
            {
                return Refused.EINVAL;
            }

            if (slot.FirstFrame == old.FirstFrame && slot.Flags == old.Flags)
            {
                return 0;
            }
        }

        if (Array.Exists(_slots, other =>
            other != old && other.Number >> 16 == number >> 16 && other.Overlaps(slot.FirstFrame, slot.Pages)))
        {
            return Refused.EEXIST;
        }

        if (!Kvm.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        GuestMemfdFile? memory = null;
        int error = hasMemory ? Prepare(slot, descriptors, region, out memory) : 0;
        error = error == 0 && slot.FirstFrame + slot.Pages - 1 > MostFrame ? Refused.EINVAL : error;
        error = error == 0 && memory is not null ? memory.Bind(slot) : error;
        if (error == 0)
        {
            Replace(old, slot);
        }

        return error;
    }

    // kvm_gmem_prepare_memory_region.
    private int Prepare(
        MemorySlot slot, FileDescriptorTable descriptors, in kvm_userspace_memory_region2 region, out GuestMemfdFile? memory)
    {
        int fd = (int)region.guest_memfd;
        memory = null;
        if (!descriptors.Owns(fd))
        {
            // No file of the host is one of this kernel's; whether one is open decides between the two.
            return fd < 0 || LibC.fcntl(fd, FcntlHeader.F_GETFD, 0) < 0 ? Refused.EBADF : Refused.EINVAL;
        }

        OpenFile? open = descriptors.Get(fd);
        if (open is null or PathFile)
        {
            return Refused.EBADF;
        }

        if (open is not GuestMemfdFile file || file.Vm != this || region.guest_memfd_offset + region.memory_size > (ulong)file.Inode.Size)
        {
            return Refused.EINVAL;
        }

        slot.MemoryPage = region.guest_memfd_offset >> PhysicalMemory.PageShift;
        slot.IsGuestMemfdOnly = file.Inode.SupportsMap;
        memory = file;
        return 0;
    }

    private int Delete(MemorySlot slot)
    {
        // kvm_set_memslot's temporary slot.
        if (!Kvm.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        Replace(slot, null);
        slot.Memory?.Unbind(slot);
        return 0;
    }

    private void Replace(MemorySlot? old, MemorySlot? slot)
    {
        IEnumerable<MemorySlot> others = _slots.Where(other => other != old);
        _slots = [.. slot is null ? others : others.Append(slot)];
        Srcu.Synchronize();
    }
}
