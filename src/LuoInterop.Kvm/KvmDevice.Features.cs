using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <content>What the kernel can offer to guests.</content>
public sealed unsafe partial class KvmDevice
{
    // KVM_MAX_CPUID_ENTRIES of arch/x86/include/asm/kvm_host.h.
    internal const int MostCpuidEntries = 256;
    private const int CpuidHeader = 8;
    private const int MsrHeader = 4;

    /// <summary>Gets what CPUID can answer in a guest: KVM_GET_SUPPORTED_CPUID.</summary>
    /// <returns>The answers, in the kernel's order. APIC ids in them are those of the processor that answered.</returns>
    /// <exception cref="KernelException">ENOMEM.</exception>
    public KvmCpuidEntry[] GetSupportedCpuid()
    {
        byte[] list = new byte[CpuidHeader + (MostCpuidEntries * Unsafe.SizeOf<KvmCpuidEntry>())];
        BitConverter.TryWriteBytes(list, MostCpuidEntries);

        // SAFETY: struct kvm_cpuid2: a count, then room for as many entries, all in this pinned array.
        fixed (byte* address = list)
        {
            KvmRefusal.Check(
                Kernel.Ioctl(_device, KvmX86Header.KVM_GET_SUPPORTED_CPUID, (nint)address), KvmOperation.GetSupportedCpuid);
        }

        int count = BitConverter.ToInt32(list);
        return MemoryMarshal.Cast<byte, KvmCpuidEntry>(list.AsSpan(CpuidHeader))[..count].ToArray();
    }

    /// <summary>Gets the numbers of the model-specific registers that are a vCPU's state: KVM_GET_MSR_INDEX_LIST.</summary>
    /// <remarks>A vCPU whose CPUID lacks a feature has not all of them.</remarks>
    public uint[] GetMsrIndices()
    {
        uint count = 0;

        // SAFETY: struct kvm_msr_list of no room: the kernel writes the count, and answers E2BIG.
        int result = Kernel.Ioctl(_device, KvmX86Header.KVM_GET_MSR_INDEX_LIST, (nint)(&count));
        if (result != -(int)Errno.E2BIG)
        {
            KvmRefusal.Check(result, KvmOperation.GetMsrIndices);
        }

        byte[] list = new byte[MsrHeader + (count * sizeof(uint))];
        BitConverter.TryWriteBytes(list, count);

        // SAFETY: a count, then room for as many numbers, all in this pinned array.
        fixed (byte* address = list)
        {
            KvmRefusal.Check(Kernel.Ioctl(_device, KvmX86Header.KVM_GET_MSR_INDEX_LIST, (nint)address), KvmOperation.GetMsrIndices);
        }

        return MemoryMarshal.Cast<byte, uint>(list.AsSpan(MsrHeader))[..BitConverter.ToInt32(list)].ToArray();
    }
}
