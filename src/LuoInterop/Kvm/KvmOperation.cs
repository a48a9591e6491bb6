namespace LuoInterop;

/// <summary>Names the operations on KVM that a kernel can refuse.</summary>
internal static class KvmOperation
{
    public const string OpenDevice = "open of the KVM device";
    public const string GetApiVersion = "KVM_GET_API_VERSION";
    public const string CheckExtension = "KVM_CHECK_EXTENSION";
    public const string VcpuMapSize = "KVM_GET_VCPU_MMAP_SIZE";
    public const string CreateVm = "KVM_CREATE_VM";
    public const string CreateGuestMemfd = "KVM_CREATE_GUEST_MEMFD";
    public const string SetMemoryRegion = "KVM_SET_USER_MEMORY_REGION2";
    public const string CreateVcpu = "KVM_CREATE_VCPU";
    public const string MapVcpu = "mmap of a vCPU";
    public const string GetRegisters = "KVM_GET_REGS or KVM_GET_SREGS";
    public const string SetRegisters = "KVM_SET_REGS or KVM_SET_SREGS";
    public const string Run = "KVM_RUN";
    public const string MapGuestMemfd = "mmap of a guest_memfd";
    public const string Allocate = "fallocate of a guest_memfd";
}
