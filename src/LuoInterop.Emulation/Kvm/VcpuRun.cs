using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds the memory that a vCPU shares with its VMM: <c>struct kvm_run</c>, the data of port accesses,
/// and an empty ring.</summary>
/// <remarks>
/// The mapping lasts as long as the object, also when the kernel is gone: a thread may still be in KVM_RUN then, which writes to it.
/// </remarks>
internal sealed unsafe class VcpuRun
{
    /// <summary>Three pages, as KVM_GET_VCPU_MMAP_SIZE says on x86-64.</summary>
    public const int Length = 3 * 4096;

    /// <summary>Where the data of port accesses are (KVM_PIO_PAGE_OFFSET).</summary>
    public const int PortData = 4096;

    private readonly byte* _address;

    private VcpuRun(int fd, byte* address)
    {
        Fd = fd;
        _address = address;
    }

    // SAFETY: the mapping is this object's own, and nobody else has the address.
    ~VcpuRun()
    {
        if (LibC.munmap(_address, Length) < 0)
        {
            // ENOMEM may pass: another collection tries again.
            GC.ReRegisterForFinalize(this);
        }
    }

    /// <summary>Gets the memory file, for mapping it; -1 when the vCPU is closed.</summary>
    public int Fd { get; private set; }

    /// <summary>Gets the structure.</summary>
    // SAFETY: the mapping is longer than the structure, page-aligned, and lasts as long as this object.
    public ref kvm_run Run => ref *(kvm_run*)_address;

    /// <summary>Gets whether the VMM wants the vCPU back; any of its threads may say so.</summary>
    public bool HasImmediateExit => Volatile.Read(ref Run.immediate_exit) != 0;

    /// <summary>Makes the memory: null when the host has none.</summary>
    public static VcpuRun? Create()
    {
        // SAFETY: the name is static data, and the compiler ends UTF-8 literals with a NUL.
        fixed (byte* name = "luointerop-kvm-vcpu"u8)
        {
            int fd = LibC.memfd_create(name, LibC.MFD_CLOEXEC);
            if (fd < 0)
            {
                return null;
            }

            void* address = (void*)-1;
            if (LibC.ftruncate(fd, Length) == 0)
            {
                address = LibC.mmap(null, Length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, fd, 0);
            }

            if (address == (void*)-1)
            {
                // close(2) frees the number whatever it answers.
                _ = LibC.close(fd);
                return null;
            }

            return new VcpuRun(fd, (byte*)address);
        }
    }

    /// <summary>Gets a part of the memory.</summary>
    public Span<byte> Bytes(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(Length - offset));

        // SAFETY: the part lies inside the mapping, as was just seen.
        return new Span<byte>(_address + offset, length);
    }

    /// <summary>Gives the memory file up; the memory stays.</summary>
    public void CloseDescriptor()
    {
        if (Fd >= 0)
        {
            // close(2) frees the number whatever it answers.
            _ = LibC.close(Fd);
            Fd = -1;
        }
    }
}
