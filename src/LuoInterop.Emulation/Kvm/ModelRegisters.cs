using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation.Kvm;

/// <summary>Holds the model-specific registers of a vCPU that are nothing but a value (arch/x86/kvm/msrs.c).</summary>
internal sealed class ModelRegisters
{
    // arch/x86/include/asm/msr-index.h and arch/x86/include/uapi/asm/kvm_para.h.
    private const uint TscAdjust = 0x3b;
    private const uint SysenterCs = 0x174;
    private const uint SysenterEsp = 0x175;
    private const uint SysenterEip = 0x176;
    private const uint MiscEnable = 0x1a0;
    private const uint FirstMtrr = 0x200;
    private const uint LastMtrr = 0x20f;
    private const uint Pat = 0x277;
    private const uint MtrrDefaultType = 0x2ff;
    private const uint Star = 0xc000_0081;
    private const uint Lstar = 0xc000_0082;
    private const uint Cstar = 0xc000_0083;
    private const uint SyscallMask = 0xc000_0084;
    private const uint KernelGsBase = 0xc000_0102;
    private const uint TscAux = 0xc000_0103;
    private const uint FirstClock = 0x4b56_4d00;
    private const uint LastClock = 0x4b56_4d05;
    private const uint SystemTime = 0x4b56_4d01;
    private const ulong PatAfterReset = 0x0007_0406_0007_0406;

    private readonly Dictionary<uint, ulong> _values = [];

    public ModelRegisters()
    {
        foreach (uint index in Listed)
        {
            _values[index] = index switch { MiscEnable => 1, Pat => PatAfterReset, _ => 0 };
        }
    }

    /// <summary>Gets the numbers that KVM_GET_MSR_INDEX_LIST gives, the two of the counter and its deadline among them.</summary>
    public static IReadOnlyList<uint> Listed { get; } =
    [
        SysenterCs, SysenterEsp, SysenterEip, Star, Cstar, KernelGsBase, SyscallMask, Lstar, MsrIndexHeader.MSR_IA32_TSC, Pat, TscAux,
        .. Enumerable.Range((int)FirstMtrr, (int)(LastMtrr - FirstMtrr + 1)).Select(static index => (uint)index), MtrrDefaultType,
        .. Enumerable.Range((int)FirstClock, (int)(LastClock - FirstClock + 1)).Select(static index => (uint)index),
        TscAdjust, MsrIndexHeader.MSR_IA32_TSC_DEADLINE, MiscEnable,
    ];

    /// <summary>Gets whether the guest has switched its paravirtual clock on (<c>pv_time.active</c>).</summary>
    public bool HasClock => (_values[SystemTime] & 1) != 0;

    public bool TryGet(uint index, out ulong value) => _values.TryGetValue(index, out value);

    /// <summary>Gives a register a value, unless there is no such register or it cannot have it.</summary>
    public bool TrySet(uint index, ulong value)
    {
        if (!_values.ContainsKey(index)
            || (index is Lstar or Cstar or KernelGsBase && (ulong)((long)(value << 16) >> 16) != value)
            || (index == Pat && !IsPat(value)))
        {
            return false;
        }

        _values[index] = value;
        return true;
    }

    // kvm_pat_valid: write-back, write-through, ... but not the two reserved types, in each byte.
    private static bool IsPat(ulong value)
    {
        for (; value != 0; value >>= 8)
        {
            if ((value & 0xff) is 2 or 3 or > 7)
            {
                return false;
            }
        }

        return true;
    }
}
