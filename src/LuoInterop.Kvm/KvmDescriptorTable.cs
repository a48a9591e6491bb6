using System.Runtime.InteropServices;

namespace LuoInterop.Kvm;

/// <summary>Holds GDTR or IDTR, in the layout of <c>struct kvm_dtable</c> (<c>asm/kvm.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct KvmDescriptorTable
{
    /// <summary>Gets or sets the address of the table.</summary>
    public ulong Base { get; set; }

    /// <summary>Gets or sets the offset of its last byte.</summary>
    public ushort Limit { get; set; }

    private readonly ushort _padding0;
    private readonly ushort _padding1;
    private readonly ushort _padding2;
}
