using System.Runtime.InteropServices;

namespace LuoInterop.Kvm;

/// <summary>Holds a model-specific register and its value, in the layout of <c>struct kvm_msr_entry</c> (<c>asm/kvm.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct KvmMsr
{
    private readonly uint _index;
    private readonly uint _reserved;
    private readonly ulong _value;

    /// <summary>Names a register and gives it a value.</summary>
    /// <param name="index">The register's number, as RDMSR takes it.</param>
    /// <param name="value">Its value.</param>
    public KvmMsr(uint index, ulong value = 0)
    {
        _index = index;
        _reserved = 0;
        _value = value;
    }

    /// <summary>Gets the register's number.</summary>
    public uint Index => _index;

    /// <summary>Gets its value.</summary>
    public ulong Value => _value;
}
