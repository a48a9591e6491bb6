namespace LuoInterop.Diagnosis.Interop;

/// <summary>Declares of <c>include/uapi/linux/capability.h</c> what loading and starting a kernel takes.</summary>
internal static class CapabilityHeader
{
    public const int CAP_SYS_BOOT = 22;
}
