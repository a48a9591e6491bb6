using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Emulation.Luo;
using LuoInterop.Emulation.Previews.GuestMemfd;
using LuoInterop.Kho;

namespace LuoInterop.Emulation.Boot;

/// <content>KVM's part of the boot, and the device nodes.</content>
internal sealed partial class EmulatedKernel
{
    private KvmDeviceNode? _kvmDevice;

    private string KvmConfiguration => Kvm is null ? "" : "CONFIG_KVM=y\nCONFIG_KVM_GUEST_MEMFD=y\nCONFIG_LIVEUPDATE_GUEST_MEMFD=y\n";

    /// <summary>Tells whether a path is that of a device of this kernel, also of one that is missing.</summary>
    public bool IsDevice(string path) => path == Options.DevicePath || (Kvm is not null && path == KvmModule.DevicePath);

    /// <summary>Finds a device, or null.</summary>
    public DeviceNode? FindDevice(string path) =>
        path == Options.DevicePath ? Device
        : Kvm is { } kvm && path == KvmModule.DevicePath ? _kvmDevice ??= new KvmDeviceNode(kvm)
        : null;

    // kvm_init registers its handlers in this order.
    private void StartKvm(LuoCore luo, KvmModule kvm)
    {
        Register(luo, new KvmLuoHandler(Handover, kvm));
        Register(luo, new GuestMemfdLuoHandler(Handover, kvm));
    }
}
