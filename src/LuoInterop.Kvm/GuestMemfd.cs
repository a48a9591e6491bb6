using LuoInterop.Interop;

namespace LuoInterop.Kvm;

/// <summary>Holds memory of a VM in an anonymous file that only KVM, and the host's mappings where its options allow them,
/// can reach.</summary>
/// <remarks>
/// <para>It cannot be read, written or resized; Linux 7.3 does not preserve it for the next kernel (PRESERVE_FD is ENOENT).
/// Offsets and sizes are in bytes. Members may be called from several threads at once.</para>
/// <para>Since Linux 6.8. Source: <c>virt/kvm/guest_memfd.c</c>, Linux 7.3.</para>
/// </remarks>
public sealed class GuestMemfd : IDisposable
{
    /// <summary>Wraps an open guest_memfd.</summary>
    /// <param name="handle">The file, which belongs to this object from now on.</param>
    /// <param name="options">The options that it was created with; the kernel does not tell them.</param>
    public GuestMemfd(KernelHandle handle, GuestMemfdOptions options)
    {
        ArgumentNullException.ThrowIfNull(handle);
        Handle = handle;
        Options = options;
    }

    /// <summary>Gets the kernel that holds the memory.</summary>
    public Kernel Kernel => Handle.Kernel;

    /// <summary>Gets the file, for calls that take one. It stays owned by this object.</summary>
    public KernelHandle Handle { get; }

    /// <summary>Gets the options that it was created with.</summary>
    public GuestMemfdOptions Options { get; }

    /// <summary>Gets the size in bytes.</summary>
    public long Size => Status.Size;

    /// <summary>Gets what the kernel knows of the file.</summary>
    public FileStatus Status
    {
        get
        {
            KernelException.Check(Uninterrupted.FStat(Kernel, Handle, out FileStatus status), Operation.Status);
            return status;
        }
    }

    /// <summary>Maps a range into memory, shared with the guest: mmap(2).</summary>
    /// <param name="offset">Where the range starts, a multiple of the page size.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="writable">Whether stores are allowed.</param>
    /// <returns>The mapping, which belongs to the caller and keeps the file open until it is disposed.</returns>
    /// <exception cref="KernelException">ENODEV: the file was created without <see cref="GuestMemfdOptions.Map"/>; EINVAL: the offset is
    /// no multiple of the page size; ENOMEM.</exception>
    /// <exception cref="InvalidOperationException">The file was created without <see cref="GuestMemfdOptions.InitShared"/>: Linux would
    /// map it, and end the process at the first touch (SIGBUS).</exception>
    public MemfdMapping Map(long offset, long length, bool writable = true)
    {
        if ((Options & (GuestMemfdOptions.Map | GuestMemfdOptions.InitShared)) == GuestMemfdOptions.Map)
        {
            throw new InvalidOperationException(
                "The guest_memfd was created without GuestMemfdOptions.InitShared. Linux would map it, and end the process by "
                + "SIGBUS at the first touch.");
        }

        KvmRefusal.Check(
            MemfdMapping.TryMap(Kernel, Handle, offset, length, writable, out MemfdMapping? mapping), KvmOperation.MapGuestMemfd);
        return mapping!;
    }

    /// <summary>Maps the whole file for reading and writing.</summary>
    public MemfdMapping Map() => Map(0, Size);

    /// <summary>Allocates the missing pages of a range: fallocate(2) with FALLOC_FL_KEEP_SIZE. Goes on after signals.</summary>
    /// <exception cref="KernelException">EINVAL: the range is not made of whole pages, or ends beyond the file; ENOMEM:
    /// a part may have been allocated.</exception>
    public void Allocate(long offset, long length) =>
        KvmRefusal.Check(Uninterrupted.Allocate(Kernel, Handle, FallocHeader.FALLOC_FL_KEEP_SIZE, offset, length), KvmOperation.Allocate);

    /// <summary>Frees a range, which reads as zeroes from then on, for the guest too: fallocate(2) with FALLOC_FL_PUNCH_HOLE.</summary>
    /// <exception cref="KernelException">EINVAL: the range is not made of whole pages. A range beyond the file is no error.</exception>
    public void PunchHole(long offset, long length) =>
        KvmRefusal.Check(
            Kernel.FAllocate(Handle, FallocHeader.FALLOC_FL_PUNCH_HOLE | FallocHeader.FALLOC_FL_KEEP_SIZE, offset, length),
            KvmOperation.Allocate);

    /// <summary>Closes the file. The memory is freed with the last descriptor and mapping;
    /// a region bound to it is then without memory.</summary>
    public void Dispose() => Handle.Dispose();
}
