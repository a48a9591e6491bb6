namespace LuoInterop.Kvm;

/// <summary>Names the operations on KVM that a kernel can refuse.</summary>
internal enum KvmOperation
{
    OpenDevice,
    GetApiVersion,
    CheckExtension,
    VcpuMapSize,
    CreateVm,
    CreateGuestMemfd,
    SetMemoryRegion,
    CreateVcpu,
    MapVcpu,
    GetRegisters,
    SetRegisters,
    Run,
    MapGuestMemfd,
    Allocate,
}
