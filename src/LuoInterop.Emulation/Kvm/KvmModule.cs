using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds what the virtual machines of one kernel share (kvm.ko), with the posted preservation of guest_memfd.</summary>
/// <remarks>Guarded by the running kernel's lock, but for what guests do inside <see cref="FreezeGate"/>.</remarks>
internal sealed class KvmModule(KexecHandover handover)
{
    /// <summary>The path of the device node.</summary>
    public const string DevicePath = KvmDevice.DefaultPath;

    private readonly List<OpenFile> _files = [];
    private int _restored;

    /// <summary>Gets the memory from which the kernel's small objects come.</summary>
    public PageFrames Frames { get; } = handover.Frames;

    /// <summary>Gets the one gate of all files: whoever allocates or frees a page is inside, and a freeze waits for them
    /// (kvm_gmem_freeze_srcu).</summary>
    public Srcu FreezeGate { get; } = new();

    /// <summary>Gets the mappings of guest_memfds.</summary>
    public GuestMappings Mappings { get; } = new();

    /// <summary>Gets or sets the program of vCPUs that have none of their own.</summary>
    public Action<EmulatedGuest>? DefaultGuest { get; init; }

    /// <summary>Creates a VM (kvm_create_vm): EINVAL for a type that the kernel does not have, ENOMEM.</summary>
    /// <param name="type">The type.</param>
    /// <param name="name">The number in the names that debugfs has.</param>
    /// <param name="process">Whose memory the VM is bound to (<c>kvm->mm</c>).</param>
    /// <param name="file">The VM's file.</param>
    public int CreateVm(ulong type, string name, FileDescriptorTable process, out VmFile? file)
    {
        // kvm_is_vm_type_supported: the emulated processor has none of the technologies of the others. The argument was an unsigned
        // long; x86 looks at all of it.
        file = null;
        if (type != LuoInterop.Kvm.Interop.KvmHeader.KVM_X86_DEFAULT_VM)
        {
            return Interop.Refused.EINVAL;
        }

        // kvm_arch_alloc_vm, anon_inode_getfile.
        if (!Frames.TryAllocateSmall() || !Frames.TryAllocateSmall())
        {
            return Interop.Refused.ENOMEM;
        }

        file = new VmFile(new VirtualMachine(this, type, name, process));
        return 0;
    }

    /// <summary>Makes the name of a VM that the previous kernel left: a counter (<c>restored_vm_id</c> of the posting).</summary>
    public string NextRestoredName() => (++_restored).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Takes note of a file that holds descriptors of the host.</summary>
    public void Add(OpenFile file) => _files.Add(file);

    /// <summary>Forgets a file that has given them up.</summary>
    public void Remove(OpenFile file) => _files.Remove(file);

    /// <summary>Gives up the host's descriptors when the kernel is gone, and waits for guests that are at their memory.</summary>
    public void Abandon()
    {
        FreezeGate.Synchronize();
        foreach (OpenFile file in _files)
        {
            switch (file)
            {
                case GuestMemfdFile memory:
                    memory.Inode.File.Dispose();
                    break;
                case VcpuFile vcpu:
                    vcpu.Shared.CloseDescriptor();
                    break;
            }
        }

        _files.Clear();
    }
}
