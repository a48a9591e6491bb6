using System.Runtime.InteropServices;
using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Kvm;

namespace LuoInterop.Emulation.Kvm;

/// <content>What the kernel can offer to guests (kvm_dev_ioctl_get_cpuid, kvm_get_msr_index_list).</content>
internal sealed partial class KvmDeviceNode
{
    private const int CpuidHeader = 8;

    private static int GetSupportedCpuid(UserMemory argument)
    {
        Span<byte> header = stackalloc byte[CpuidHeader];
        if (argument.CopyFrom(header) != 0)
        {
            return Refused.EFAULT;
        }

        KvmCpuidEntry[] entries = [.. EmulatedCpuid.Supported];
        if (MemoryMarshal.Read<uint>(header) < entries.Length)
        {
            return Refused.E2BIG;
        }

        MemoryMarshal.Write(header, entries.Length);
        return argument.CopyTo([.. header, .. MemoryMarshal.AsBytes(entries.AsSpan())]);
    }

    private static int GetMsrIndices(UserMemory argument)
    {
        Span<byte> header = stackalloc byte[sizeof(uint)];
        if (argument.CopyFrom(header) != 0)
        {
            return Refused.EFAULT;
        }

        uint[] indices = [.. ModelRegisters.Listed];
        bool hasRoom = MemoryMarshal.Read<uint>(header) >= indices.Length;
        MemoryMarshal.Write(header, indices.Length);
        return hasRoom ? argument.CopyTo([.. header, .. MemoryMarshal.AsBytes(indices.AsSpan())])
            : argument.CopyTo(header) != 0 ? Refused.EFAULT
            : Refused.E2BIG;
    }
}
