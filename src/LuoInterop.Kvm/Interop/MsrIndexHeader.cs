namespace LuoInterop.Kvm.Interop;

/// <summary>Declares of <c>arch/x86/include/asm/msr-index.h</c> the registers that are treated apart.</summary>
internal static class MsrIndexHeader
{
    public const uint MSR_IA32_TSC = 0x10;
    public const uint MSR_IA32_TSC_DEADLINE = 0x6e0;

    // In no list of the kernel before 6.18.
    public const uint MSR_IA32_XSS = 0xda0;
}
