using System.Runtime.InteropServices;

namespace LuoInterop.Kvm;

/// <summary>Holds a segment register with its hidden part, in the layout of <c>struct kvm_segment</c> (<c>asm/kvm.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct KvmSegment
{
    /// <summary>Gets or sets the address of the first byte.</summary>
    public ulong Base { get; set; }

    /// <summary>Gets or sets the offset of the last byte.</summary>
    public uint Limit { get; set; }

    /// <summary>Gets or sets what a program loads into the register.</summary>
    public ushort Selector { get; set; }

    /// <summary>Gets or sets the type of the descriptor, 4 bits.</summary>
    public byte Type { get; set; }

    /// <summary>Gets or sets whether it is there (P).</summary>
    public byte Present { get; set; }

    /// <summary>Gets or sets the privilege level (DPL).</summary>
    public byte Dpl { get; set; }

    /// <summary>Gets or sets whether operands have 32 bits (D/B).</summary>
    public byte Db { get; set; }

    /// <summary>Gets or sets whether it is a code or data segment (S).</summary>
    public byte S { get; set; }

    /// <summary>Gets or sets whether code has 64 bits (L).</summary>
    public byte L { get; set; }

    /// <summary>Gets or sets whether the limit counts pages (G).</summary>
    public byte G { get; set; }

    /// <summary>Gets or sets the bit for software (AVL).</summary>
    public byte Avl { get; set; }

    /// <summary>Gets or sets whether the segment cannot be used.</summary>
    public byte Unusable { get; set; }

    private readonly byte _padding;
}
