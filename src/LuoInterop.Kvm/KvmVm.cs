using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Kvm;

/// <summary>Holds a virtual machine: its memory regions and vCPUs.</summary>
/// <remarks>
/// <para>The kernel keeps the VM until this descriptor and those of its vCPUs and guest_memfds are all closed.</para>
/// <para>Source: <c>include/uapi/linux/kvm.h</c>, <c>virt/kvm/kvm_main.c</c>, Linux 7.3.
/// Members may be called from several threads at once.</para>
/// </remarks>
public sealed partial class KvmVm : IDisposable
{
    // Collected, a mapping would be unmapped, and KVM write to whatever is at its address then.
    private readonly ConcurrentDictionary<uint, MemfdMapping> _mappings = new();
    private readonly int _vcpuMapSize;

    internal KvmVm(KernelHandle handle, int vcpuMapSize)
    {
        Handle = handle;
        _vcpuMapSize = vcpuMapSize;
    }

    /// <summary>Wraps the descriptor of a VM that came from elsewhere.</summary>
    /// <param name="device">The device of the kernel that holds it; needed for this call only.</param>
    /// <param name="handle">The descriptor, which belongs to this object from now on.</param>
    public KvmVm(KvmDevice device, KernelHandle handle)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(handle);
        _vcpuMapSize = device.VcpuMapSize;
        Handle = handle;
    }

    /// <summary>Gets the kernel that holds the VM.</summary>
    public Kernel Kernel => Handle.Kernel;

    /// <summary>Gets the VM's descriptor, for calls that take one. It stays owned by this object.</summary>
    public KernelHandle Handle { get; }

    /// <summary>Gets the options with which this VM can have a guest_memfd; none before Linux 6.18,
    /// and on a kernel without guest_memfd.</summary>
    public GuestMemfdOptions SupportedGuestMemfdOptions => (GuestMemfdOptions)(uint)CheckExtension(KvmCapability.GuestMemfdFlags);

    /// <summary>Asks for a capability of this VM: KVM_CHECK_EXTENSION.</summary>
    /// <returns>0 where it is missing or unknown; what else it means depends on the capability.</returns>
    public int CheckExtension(KvmCapability capability) =>
        (int)KvmRefusal.Check(Kernel.Ioctl(Handle, KvmHeader.KVM_CHECK_EXTENSION, (nint)capability), KvmOperation.CheckExtension);

    /// <summary>Creates memory for this VM: KVM_CREATE_GUEST_MEMFD. No page is used until the guest or the host touches it.</summary>
    /// <param name="size">The size in bytes, a multiple of the page size; it cannot change.</param>
    /// <param name="options">How to create it; for memory that the host maps, both options.</param>
    /// <returns>The file, whose descriptor belongs to it. It is bound to this VM and keeps it alive.</returns>
    /// <exception cref="KernelException">
    /// EINVAL: an unknown flag or, after that, a size that is 0, negative or not a multiple of the page size;
    /// ENOTTY: the kernel has no guest_memfd; EIO: the VM belongs to another process; EMFILE, ENFILE, ENOMEM.
    /// </exception>
    /// <remarks>
    /// The kernel makes the descriptor without O_CLOEXEC; this method sets it. A child that another thread starts in between
    /// inherits the descriptor. Since Linux 6.8, flags since 6.18.
    /// </remarks>
    public unsafe GuestMemfd CreateGuestMemfd(long size, GuestMemfdOptions options = GuestMemfdOptions.Map | GuestMemfdOptions.InitShared)
    {
        kvm_create_guest_memfd argument = default;
        argument.size = (ulong)size;
        argument.flags = (ulong)options;

        var handle = new KernelHandle(Kernel);
        var file = new GuestMemfd(handle, options);

        // SAFETY: the kernel reads the structure on this stack during the call, as many bytes as the request number says.
        KvmRefusal.Check(
            handle.Take(Kernel.Ioctl(Handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, (nint)(&argument))), KvmOperation.CreateGuestMemfd);
        int result = Kernel.Fcntl(file.Handle, FcntlHeader.F_SETFD, LibC.FD_CLOEXEC);
        if (result < 0)
        {
            file.Dispose();
            throw KvmRefusal.Of(result, KvmOperation.CreateGuestMemfd);
        }

        return file;
    }

    /// <summary>Creates, changes or removes a memory region: KVM_SET_USER_MEMORY_REGION2. Since Linux 6.8.</summary>
    /// <exception cref="KernelException">
    /// EINVAL: flags that do not go together or that this VM has not; a size or address that is no multiple of the page size;
    /// a range beyond the guest_memfd; a guest_memfd of another VM, or no guest_memfd; a slot that is not there (size 0), or
    /// that is bound to a guest_memfd and so cannot change. EEXIST: overlaps another region, in the guest's addresses or in
    /// the guest_memfd. EBADF: the guest_memfd is not open. ENOMEM. ENOTTY: a kernel before 6.8.
    /// </exception>
    /// <remarks>
    /// A region does not keep its guest_memfd: when the last descriptor and mapping are gone so is the memory, and the guest
    /// gets memory faults.
    /// </remarks>
    public unsafe void SetMemoryRegion(in KvmMemoryRegion region)
    {
        kvm_userspace_memory_region2 argument = default;
        argument.slot = region.Slot;
        argument.flags = (uint)region.Options;
        argument.guest_phys_addr = region.GuestAddress;
        argument.memory_size = region.Size;
        argument.userspace_addr = region.UserAddress;
        argument.guest_memfd_offset = region.GuestMemfdOffset;

        // Without a file the kernel does not look at the number: only KVM_MEM_GUEST_MEMFD makes it.
        using var memory = new DescriptorReference(region.GuestMemfd ?? DescriptorReference.NoFile);
        argument.guest_memfd = (uint)memory.Fd;

        // SAFETY: the kernel reads the structure on this stack during the call, as many bytes as the request number says.
        KvmRefusal.Check(Kernel.Ioctl(Handle, KvmHeader.KVM_SET_USER_MEMORY_REGION2, (nint)(&argument)), KvmOperation.SetMemoryRegion);
    }

    /// <summary>Binds a range of a guest_memfd, which the host has mapped, to guest-physical addresses.</summary>
    /// <param name="slot">The slot's number, not in use.</param>
    /// <param name="guestAddress">The guest-physical address of the first byte.</param>
    /// <param name="memory">The file, created with both options. It stays the caller's.</param>
    /// <param name="offset">Where the range begins in the file, in bytes.</param>
    /// <param name="mapping">The mapping of just that range, through which KVM reads and writes for the guest. It stays the caller's, who
    /// must not dispose it before the region is removed; it is not collected as long as this object or a vCPU is referenced.</param>
    /// <inheritdoc cref="SetMemoryRegion(in KvmMemoryRegion)"/>
    public unsafe void AddMemory(uint slot, ulong guestAddress, GuestMemfd memory, long offset, MemfdMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(mapping);
        SetMemoryRegion(new KvmMemoryRegion
        {
            Slot = slot,
            Options = KvmMemoryOptions.GuestMemfd,
            GuestAddress = guestAddress,
            Size = (ulong)mapping.Length,
            UserAddress = (nuint)mapping.Address,
            GuestMemfd = memory.Handle,
            GuestMemfdOffset = (ulong)offset,
        });

        _mappings[slot] = mapping;
    }

    /// <summary>Gives the guest memory of a memfd that this process has mapped.</summary>
    /// <param name="slot">The slot's number, not in use.</param>
    /// <param name="guestAddress">The guest-physical address of the first byte.</param>
    /// <param name="mapping">The mapping, writable. It stays the caller's, who must not dispose it before the region is removed; it is not
    /// collected as long as this object or a vCPU is referenced.</param>
    /// <inheritdoc cref="SetMemoryRegion(in KvmMemoryRegion)"/>
    public unsafe void AddMemory(uint slot, ulong guestAddress, MemfdMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        SetMemoryRegion(new KvmMemoryRegion
        {
            Slot = slot,
            GuestAddress = guestAddress,
            Size = (ulong)mapping.Length,
            UserAddress = (nuint)mapping.Address,
        });

        _mappings[slot] = mapping;
    }

    /// <summary>Removes a memory region; its guest_memfd can be bound anew.</summary>
    /// <exception cref="KernelException">EINVAL: there is no such slot.</exception>
    public void RemoveMemory(uint slot)
    {
        SetMemoryRegion(new KvmMemoryRegion { Slot = slot });
        _mappings.TryRemove(slot, out _);
    }

    /// <summary>Creates a vCPU: KVM_CREATE_VCPU. Its descriptor is closed on exec.</summary>
    /// <param name="id">Its number, on x86-64 its APIC id.</param>
    /// <returns>The vCPU, whose descriptor belongs to it.</returns>
    /// <exception cref="KernelException">EEXIST: the number is in use; EINVAL: it is too large, or the VM has as many as it can;
    /// EMFILE, ENFILE, ENOMEM.</exception>
    public KvmVcpu CreateVcpu(uint id = 0)
    {
        var handle = new KernelHandle(Kernel);
        try
        {
            KvmRefusal.Check(handle.Take(Kernel.Ioctl(Handle, KvmHeader.KVM_CREATE_VCPU, (nint)id)), KvmOperation.CreateVcpu);
            KvmRefusal.Check(
                MemfdMapping.TryMap(Kernel, handle, 0, _vcpuMapSize, writable: true, out MemfdMapping? run), KvmOperation.MapVcpu);
            return new KvmVcpu(this, id, handle, run!);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Closes the descriptor. The VM stays while a vCPU or guest_memfd of it is open.</summary>
    public void Dispose() => Handle.Dispose();
}
