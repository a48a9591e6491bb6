using System.Buffers.Binary;
using LuoInterop.Kvm;

namespace MiniVmm.Machine;

/// <summary>Is the registers of a vCPU's local APIC at a moment at which it stands still.</summary>
internal readonly struct LocalApic
{
    /// <summary>The offsets of registers: APIC_ISR, APIC_IRR, APIC_LVTT, APIC_TMICT and APIC_TMCCT of
    /// arch/x86/include/asm/apicdef.h.</summary>
    public const int InService = 0x100, Requested = 0x200, TimerVector = 0x320, TimerInitialCount = 0x380, TimerCurrentCount = 0x390;

    // A register has 32 of its 128 bits.
    private const int RegisterStep = 0x10;
    private const int Vectors = 256;

    private readonly byte[] _page;

    /// <summary>Reads them.</summary>
    public LocalApic(KvmVcpu vcpu)
    {
        _page = new byte[vcpu.GetStateSize(KvmVcpuStructure.LocalApic)];
        vcpu.GetState(KvmVcpuStructure.LocalApic, _page);
    }

    /// <summary>Gets a register.</summary>
    public uint this[int offset] => BinaryPrimitives.ReadUInt32LittleEndian(_page.AsSpan(offset));

    /// <summary>Gets the vectors that a bank of eight registers has.</summary>
    public IEnumerable<int> Set(int bank)
    {
        for (int vector = 0; vector < Vectors; vector++)
        {
            if ((this[bank + (vector / 32 * RegisterStep)] >> (vector % 32) & 1) != 0)
            {
                yield return vector;
            }
        }
    }
}
