using System.Runtime.InteropServices;

namespace LuoInterop.Kvm;

/// <summary>Holds segments and control registers, in the layout of <c>struct kvm_sregs2</c> (<c>asm/kvm.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct KvmSpecialRegisters
{
    /// <summary>Gets or sets the code segment.</summary>
    public KvmSegment Cs { get; set; }

    /// <summary>Gets or sets the data segment.</summary>
    public KvmSegment Ds { get; set; }

    /// <summary>Gets or sets ES.</summary>
    public KvmSegment Es { get; set; }

    /// <summary>Gets or sets FS.</summary>
    public KvmSegment Fs { get; set; }

    /// <summary>Gets or sets GS.</summary>
    public KvmSegment Gs { get; set; }

    /// <summary>Gets or sets the stack segment.</summary>
    public KvmSegment Ss { get; set; }

    /// <summary>Gets or sets the task register.</summary>
    public KvmSegment Tr { get; set; }

    /// <summary>Gets or sets the local descriptor table.</summary>
    public KvmSegment Ldt { get; set; }

    /// <summary>Gets or sets the global descriptor table.</summary>
    public KvmDescriptorTable Gdt { get; set; }

    /// <summary>Gets or sets the interrupt descriptor table.</summary>
    public KvmDescriptorTable Idt { get; set; }

    /// <summary>Gets or sets CR0.</summary>
    public ulong Cr0 { get; set; }

    /// <summary>Gets or sets CR2.</summary>
    public ulong Cr2 { get; set; }

    /// <summary>Gets or sets CR3.</summary>
    public ulong Cr3 { get; set; }

    /// <summary>Gets or sets CR4.</summary>
    public ulong Cr4 { get; set; }

    /// <summary>Gets or sets CR8, the task priority.</summary>
    public ulong Cr8 { get; set; }

    /// <summary>Gets or sets EFER.</summary>
    public ulong Efer { get; set; }

    /// <summary>Gets or sets the APIC base register.</summary>
    public ulong ApicBase { get; set; }

    /// <summary>Gets or sets the flags: bit 0 when the page directory pointers are valid.</summary>
    public ulong Flags { get; set; }

    /// <summary>Gets or sets the first page directory pointer of PAE.</summary>
    public ulong Pdptr0 { get; set; }

    /// <summary>Gets or sets the second.</summary>
    public ulong Pdptr1 { get; set; }

    /// <summary>Gets or sets the third.</summary>
    public ulong Pdptr2 { get; set; }

    /// <summary>Gets or sets the fourth.</summary>
    public ulong Pdptr3 { get; set; }
}
