using System.Runtime.Intrinsics.X86;
using System.Text;
using LuoInterop.Kvm;

namespace MiniVmm.Machine;

/// <summary>Says which features of the host's processors a guest does not see.</summary>
internal enum CpuidMaskKind
{
    /// <summary>What the processor below needs: <see cref="Tcg"/> where that is QEMU's translation, else <see cref="None"/>.</summary>
    Auto,
    /// <summary>Nothing but virtualization is hidden.</summary>
    None,
    /// <summary>XSAVE, AVX and the APIC timer's deadline mode are hidden too.</summary>
    Tcg,
}

/// <summary>Makes what CPUID answers in a guest of what the kernel offers.</summary>
internal static class CpuidMask
{
    private const uint Hypervisor = 0x4000_0000;
    private const uint Xsave = 1 << 26;
    private const uint Osxsave = 1 << 27;
    private const uint Avx = 1 << 28;
    private const uint F16c = 1 << 29;
    private const uint Fma = 1 << 12;
    private const uint TscDeadline = 1 << 24;
    private const uint Vmx = 1 << 5;
    private const uint Svm = 1 << 2;
    private const uint Avx2 = 1 << 5;

    // AVX-512 in EBX of leaf 7: F, DQ, IFMA, PF, ER, CD, BW, VL.
    private const uint Avx512 = (1 << 16) | (1 << 17) | (1 << 21) | (1 << 26) | (1 << 27) | (1 << 28) | (1 << 30) | (1u << 31);

    // VAES and VPCLMULQDQ, and protection keys, which are an XSAVE component.
    private const uint XsaveOfLeaf7Ecx = (1 << 3) | (1 << 4) | (1 << 9) | (1 << 10);

    /// <summary>Tells which mask this machine needs. Under QEMU's translation a Linux guest dies with XSAVE, and its timers crawl
    /// with the deadline mode.</summary>
    public static CpuidMaskKind Detect()
    {
        if (!X86Base.IsSupported)
        {
            return CpuidMaskKind.None;
        }

        (int _, int ebx, int ecx, int edx) = X86Base.CpuId(unchecked((int)Hypervisor), 0);
        Span<byte> name = stackalloc byte[12];
        BitConverter.TryWriteBytes(name, ebx);
        BitConverter.TryWriteBytes(name[4..], ecx);
        BitConverter.TryWriteBytes(name[8..], edx);
        return Encoding.ASCII.GetString(name) == "TCGTCGTCGTCG" ? CpuidMaskKind.Tcg : CpuidMaskKind.None;
    }

    /// <summary>Says what a mask hides, for people; null where that is nothing to speak of.</summary>
    public static string? Describe(CpuidMaskKind mask) => mask == CpuidMaskKind.Tcg
        ? "the processors below are QEMU's translation: XSAVE, AVX and the TSC deadline timer are hidden from the guest"
        : null;

    /// <summary>Makes the answers of one vCPU.</summary>
    /// <param name="supported">What the kernel offers.</param>
    /// <param name="mask">What to hide; not <see cref="CpuidMaskKind.Auto"/>.</param>
    /// <param name="id">The vCPU's number, which is its APIC id.</param>
    public static KvmCpuidEntry[] For(IReadOnlyList<KvmCpuidEntry> supported, CpuidMaskKind mask, uint id)
    {
        List<KvmCpuidEntry> entries = [];
        foreach (KvmCpuidEntry offered in supported)
        {
            KvmCpuidEntry entry = offered;
            switch (entry.Leaf)
            {
                case 1:
                    entry.Ebx = (entry.Ebx & 0x00ff_ffff) | (id << 24);
                    entry.Ecx &= ~Vmx;
                    break;
                case 0xb or 0x1f:
                    entry.Edx = id;
                    break;
                case 0x8000_0001:
                    entry.Ecx &= ~Svm;
                    break;
                case 0x8000_001e:
                    entry.Eax = id;
                    break;
                default:
                    break;
            }

            if (mask != CpuidMaskKind.Tcg || HideXsave(ref entry))
            {
                entries.Add(entry);
            }
        }

        return [.. entries];
    }

    private static bool HideXsave(ref KvmCpuidEntry entry)
    {
        switch (entry.Leaf)
        {
            case 1:
                entry.Ecx &= ~(Xsave | Osxsave | Avx | F16c | Fma | TscDeadline);
                return true;
            case 7 when entry.Subleaf == 0:
                entry.Ebx &= ~(Avx2 | Avx512);
                entry.Ecx &= ~XsaveOfLeaf7Ecx;
                return true;
            case 0xd:
                return false;
            default:
                return true;
        }
    }
}
