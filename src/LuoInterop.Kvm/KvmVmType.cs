using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Names the types of VM of x86-64. Other numbers are legal values too.</summary>
/// <remarks>Source: <c>arch/x86/include/uapi/asm/kvm.h</c>, Linux 7.3. Which of them a kernel has says
/// <see cref="KvmCapability.VmTypes"/>.</remarks>
public enum KvmVmType : uint
{
    /// <summary>An ordinary VM. All of its memory is shared with the host.</summary>
    Default = KvmHeader.KVM_X86_DEFAULT_VM,
    /// <summary>A VM with private memory but no protection, for development (CONFIG_KVM_SW_PROTECTED_VM).</summary>
    SoftwareProtected = KvmHeader.KVM_X86_SW_PROTECTED_VM,
    /// <summary>A VM of AMD SEV.</summary>
    Sev = KvmHeader.KVM_X86_SEV_VM,
    /// <summary>A VM of AMD SEV-ES.</summary>
    SevEs = KvmHeader.KVM_X86_SEV_ES_VM,
    /// <summary>A VM of AMD SEV-SNP.</summary>
    Snp = KvmHeader.KVM_X86_SNP_VM,
    /// <summary>A VM of Intel TDX.</summary>
    Tdx = KvmHeader.KVM_X86_TDX_VM,
}
