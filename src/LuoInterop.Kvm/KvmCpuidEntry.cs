using System.Runtime.InteropServices;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Holds what CPUID answers for a leaf, in the layout of <c>struct kvm_cpuid_entry2</c> (<c>asm/kvm.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct KvmCpuidEntry
{
    /// <summary>Gets or sets the leaf (EAX).</summary>
    public uint Leaf { get; set; }

    /// <summary>Gets or sets the sub-leaf (ECX), where <see cref="HasSubleaf"/>.</summary>
    public uint Subleaf { get; set; }

    /// <summary>Gets or sets the flags (KVM_CPUID_FLAG_).</summary>
    public uint Flags { get; set; }

    /// <summary>Gets or sets the answer in EAX.</summary>
    public uint Eax { get; set; }

    /// <summary>Gets or sets the answer in EBX.</summary>
    public uint Ebx { get; set; }

    /// <summary>Gets or sets the answer in ECX.</summary>
    public uint Ecx { get; set; }

    /// <summary>Gets or sets the answer in EDX.</summary>
    public uint Edx { get; set; }

    // Behind the fields of the properties above: fields lie in the order of the text.
    private readonly uint _padding0;
    private readonly uint _padding1;
    private readonly uint _padding2;

    /// <summary>Gets whether the sub-leaf counts (KVM_CPUID_FLAG_SIGNIFCANT_INDEX).</summary>
    public readonly bool HasSubleaf => (Flags & KvmX86Header.KVM_CPUID_FLAG_SIGNIFCANT_INDEX) != 0;
}
