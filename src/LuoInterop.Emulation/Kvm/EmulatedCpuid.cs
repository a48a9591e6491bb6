using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Says what CPUID can answer on the emulated processor, which knows long mode, SSE2 and XSAVE.</summary>
internal static class EmulatedCpuid
{
    public const int MostEntries = KvmDevice.MostCpuidEntries;

    /// <summary>The leaf with the widths of addresses.</summary>
    public const uint AddressLeaf = 0x8000_0008;

    /// <summary>The leaf of the extended state.</summary>
    public const uint XstateLeaf = 0xd;

    /// <summary>The leaf with long mode and no-execute.</summary>
    public const uint ExtendedLeaf = 0x8000_0001;

    public const int LongModeBit = 29;
    public const int NoExecuteBit = 20;

    // "AuthenticAMD" and "KVMKVMKVM", as EBX, ECX and EDX or EBX, EDX and ECX spell them.
    private const uint Auth = 0x6874_7541;
    private const uint Enti = 0x6974_6e65;
    private const uint CAmd = 0x444d_4163;
    private const uint KvmK = 0x4b4d_564b;
    private const uint VmKv = 0x564b_4d56;
    private const uint LastM = 0x4d;

    /// <summary>The features of XCR0: x87, SSE and AVX.</summary>
    public const ulong Xfeatures = 7;

    public static IReadOnlyList<KvmCpuidEntry> Supported { get; } =
    [
        new() { Leaf = 0, Eax = XstateLeaf, Ebx = Auth, Ecx = CAmd, Edx = Enti },
        // FPU, TSC, MSR, PAE, APIC, CMOV, PAT, FXSR, SSE, SSE2; SSE3, x2APIC, deadline, XSAVE, AVX.
        new() { Leaf = 1, Eax = 0x0080_0f12, Ecx = 0x1520_0001, Edx = 0x0781_8271 },
        new() { Leaf = 7, Flags = KvmX86Header.KVM_CPUID_FLAG_SIGNIFCANT_INDEX },
        new()
        {
            Leaf = XstateLeaf, Flags = KvmX86Header.KVM_CPUID_FLAG_SIGNIFCANT_INDEX, Eax = (uint)Xfeatures, Ebx = 832, Ecx = 832,
        },
        new() { Leaf = 0x4000_0000, Eax = 0x4000_0001, Ebx = KvmK, Ecx = VmKv, Edx = LastM },
        new() { Leaf = 0x4000_0001, Eax = 0x0100_0009 },
        new() { Leaf = 0x8000_0000, Eax = AddressLeaf, Ebx = Auth, Ecx = CAmd, Edx = Enti },
        new() { Leaf = ExtendedLeaf, Eax = 0x0080_0f12, Edx = (1u << LongModeBit) | (1u << NoExecuteBit) | (1u << 11) },
        new() { Leaf = AddressLeaf, Eax = 0x3028 },
    ];
}
