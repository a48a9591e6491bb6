using LuoInterop.Interop;

namespace LuoInterop;

/// <summary>Owns the device's descriptor, which is closed only while no create and no reboot of this process runs.</summary>
internal sealed class DeviceHandle(Kernel kernel) : KernelHandle(kernel)
{
    private readonly Kernel _kernel = kernel;

    protected override bool ReleaseHandle() => _kernel.OutgoingSessions.CloseDevice(_kernel, (int)handle) == 0;
}
