using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Kvm;

/// <summary>Opens <c>/dev/kvm</c>, through which virtual machines are created.</summary>
/// <remarks>
/// VMs live on without it. Since Linux 2.6.20. Source: <c>include/uapi/linux/kvm.h</c>, <c>virt/kvm/kvm_main.c</c>.
/// Members may be called from several threads at once.
/// </remarks>
public sealed partial class KvmDevice : IDisposable
{
    /// <summary>The path of the device node.</summary>
    public const string DefaultPath = "/dev/kvm";

    /// <summary>The only version of KVM's interface, 12, since Linux 2.6.22.</summary>
    public const int ApiVersion = KvmHeader.KVM_API_VERSION;

    private readonly KernelHandle _device;

    private KvmDevice(Kernel kernel, KernelHandle device)
    {
        Kernel = kernel;
        _device = device;
    }

    /// <summary>Gets the kernel that answers.</summary>
    public Kernel Kernel { get; }

    /// <summary>Gets the device's descriptor, for calls that the library does not offer. It stays owned by this object.</summary>
    public SafeHandle Handle => _device;

    /// <summary>Gets the size in bytes of the memory that a vCPU shares with its VMM: KVM_GET_VCPU_MMAP_SIZE.</summary>
    public int VcpuMapSize => (int)KvmRefusal.Check(Kernel.Ioctl(_device, KvmHeader.KVM_GET_VCPU_MMAP_SIZE, 0), KvmOperation.VcpuMapSize);

    /// <summary>Opens the device.</summary>
    /// <param name="kernel">The kernel to ask.</param>
    /// <param name="path">The device node.</param>
    /// <exception cref="KernelException">
    /// ENOENT: no such node, because the kernel has no KVM or its module is not loaded; EACCES: no permission;
    /// ENODEV, ENXIO: there is a node, but no KVM behind it; ENOTTY: the path is another device's or file's.
    /// </exception>
    /// <exception cref="NotSupportedException">KVM has another interface than <see cref="ApiVersion"/>.</exception>
    public static KvmDevice Open(Kernel kernel, string path = DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var handle = new KernelHandle(kernel);
        try
        {
            KvmRefusal.Check(handle.Take(Uninterrupted.Open(kernel, path, LibC.O_RDWR | LibC.O_CLOEXEC)), KvmOperation.OpenDevice);
            long version = KvmRefusal.Check(kernel.Ioctl(handle, KvmHeader.KVM_GET_API_VERSION, 0), KvmOperation.GetApiVersion);
            return version == ApiVersion
                ? new KvmDevice(kernel, handle)
                : throw new NotSupportedException($"KVM has version {version} of its interface; this library knows version {ApiVersion}.");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Asks for a capability of the kernel: KVM_CHECK_EXTENSION. A VM may have fewer; ask it.</summary>
    /// <returns>0 where it is missing or unknown; what else it means depends on the capability.</returns>
    public int CheckExtension(KvmCapability capability) =>
        (int)KvmRefusal.Check(Kernel.Ioctl(_device, KvmHeader.KVM_CHECK_EXTENSION, (nint)capability), KvmOperation.CheckExtension);

    /// <summary>Creates a VM without memory and vCPUs: KVM_CREATE_VM. Its descriptor is closed on exec.</summary>
    /// <returns>The VM, whose descriptor belongs to it.</returns>
    /// <exception cref="KernelException">
    /// EINVAL: the kernel has no such type; EIO: the processor's virtualization cannot be switched on; EBUSY: the machine is
    /// going down; EMFILE, ENFILE, ENOMEM.
    /// </exception>
    /// <remarks>The VM belongs to this process: from another one every call on it is EIO.</remarks>
    public KvmVm CreateVm(KvmVmType type = KvmVmType.Default)
    {
        var handle = new KernelHandle(Kernel);
        var vm = new KvmVm(handle, VcpuMapSize);
        KvmRefusal.Check(
            handle.Take(Uninterrupted.Ioctl(Kernel, _device, KvmHeader.KVM_CREATE_VM, (nint)(uint)type)), KvmOperation.CreateVm);
        return vm;
    }

    /// <summary>Closes the device. VMs are not affected.</summary>
    public void Dispose() => _device.Dispose();
}
