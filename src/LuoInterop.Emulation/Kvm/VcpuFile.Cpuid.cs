using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm;

namespace LuoInterop.Emulation.Kvm;

/// <content>CPUID and the model-specific registers (arch/x86/kvm/cpuid.c, arch/x86/kvm/msrs.c).</content>
internal sealed partial class VcpuFile
{
    // struct kvm_cpuid2 and struct kvm_msrs begin with a count and 4 bytes more.
    private const int ListHeader = 8;

    // MAX_IO_MSRS.
    private const uint MostMsrs = 256;

    private readonly ModelRegisters _msrs = new();
    private KvmCpuidEntry[] _cpuid = [];
    private bool _hasRun;

    private ulong GuestXfeatures => Find(EmulatedCpuid.XstateLeaf) is { } entry ? entry.Eax & EmulatedCpuid.Xfeatures : 0;

    private bool Has(int extendedBit) =>
        Find(EmulatedCpuid.ExtendedLeaf) is { } entry && (entry.Edx & (1u << extendedBit)) != 0;

    private KvmCpuidEntry? Find(uint leaf)
    {
        int index = Array.FindIndex(_cpuid, entry => entry.Leaf == leaf && entry.Subleaf == 0);
        return index < 0 ? null : _cpuid[index];
    }

    private int GetCpuid(UserMemory argument)
    {
        Span<byte> header = stackalloc byte[ListHeader];
        if (argument.CopyFrom(header) != 0)
        {
            return Refused.EFAULT;
        }

        if (MemoryMarshal.Read<uint>(header) < _cpuid.Length)
        {
            return Refused.E2BIG;
        }

        MemoryMarshal.Write(header, _cpuid.Length);
        return argument.CopyTo([.. header, .. MemoryMarshal.AsBytes(_cpuid.AsSpan())]);
    }

    private int SetCpuid(UserMemory argument)
    {
        Span<byte> header = stackalloc byte[ListHeader];
        if (argument.CopyFrom(header) != 0)
        {
            return Refused.EFAULT;
        }

        uint count = MemoryMarshal.Read<uint>(header);
        if (count > EmulatedCpuid.MostEntries)
        {
            return Refused.E2BIG;
        }

        var entries = new KvmCpuidEntry[count];
        if (ReadEntries(argument, MemoryMarshal.AsBytes(entries.AsSpan())) != 0)
        {
            return Refused.EFAULT;
        }

        if (_hasRun)
        {
            return entries.AsSpan().SequenceEqual(_cpuid) ? 0 : Refused.EINVAL;
        }

        // kvm_check_cpuid.
        int address = Array.FindIndex(entries, static entry => entry.Leaf == EmulatedCpuid.AddressLeaf);
        if (address >= 0 && ((entries[address].Eax >> 8) & 0xff) is not (0 or 48 or 57))
        {
            return Refused.EINVAL;
        }

        _cpuid = entries;
        return 0;
    }

    // msr_io: the first register that is not there ends it, and the count says so.
    private int Msrs(UserMemory argument, bool sets)
    {
        Span<byte> header = stackalloc byte[ListHeader];
        if (argument.CopyFrom(header) != 0)
        {
            return Refused.EFAULT;
        }

        uint count = MemoryMarshal.Read<uint>(header);
        if (count >= MostMsrs)
        {
            return Refused.E2BIG;
        }

        var msrs = new KvmMsr[count];
        if (ReadEntries(argument, MemoryMarshal.AsBytes(msrs.AsSpan())) != 0)
        {
            return Refused.EFAULT;
        }

        int done = 0;
        while (done < msrs.Length && (sets ? TrySetMsr(msrs[done]) : TryGetMsr(ref msrs[done])))
        {
            done++;
        }

        return sets || argument.CopyTo([.. header, .. MemoryMarshal.AsBytes(msrs.AsSpan())]) == 0 ? done : Refused.EFAULT;
    }

    private bool TryGetMsr(ref KvmMsr msr)
    {
        bool exists = TryGetApart(msr.Index, out ulong value) || _msrs.TryGet(msr.Index, out value);
        msr = new KvmMsr(msr.Index, value);
        return exists;
    }

    private static int ReadEntries(UserMemory argument, Span<byte> entries)
    {
        byte[] list = new byte[ListHeader + entries.Length];
        int error = argument.CopyFrom(list);
        list.AsSpan(ListHeader).CopyTo(entries);
        return error;
    }
}
