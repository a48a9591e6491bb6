namespace LuoInterop;

/// <summary>Owns the device's descriptor, which is closed only while no create and no reboot of this process runs.</summary>
internal sealed class DeviceHandle(Kernel kernel) : KernelHandle(kernel)
{
    protected override bool ReleaseHandle() => OutgoingSessions.Of(Kernel).CloseDevice(Kernel, (int)handle) == 0;
}
