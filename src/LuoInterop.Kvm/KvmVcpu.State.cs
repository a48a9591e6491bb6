using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <content>The processor's state: what a VMM gives it before the first run, and saves and gives back around a live update.</content>
public sealed unsafe partial class KvmVcpu
{
    private const int SmallestXsave = 4096;
    private const int ListHeader = 8;

    /// <summary>Gets or sets segments and control registers: KVM_GET_SREGS2, KVM_SET_SREGS2. Since Linux 5.14.</summary>
    /// <exception cref="KernelException">EINVAL: registers that no processor can have together.</exception>
    public KvmSpecialRegisters SpecialRegisters
    {
        get
        {
            KvmSpecialRegisters registers = default;
            GetState(KvmVcpuStructure.SpecialRegisters, MemoryMarshal.AsBytes(new Span<KvmSpecialRegisters>(ref registers)));
            return registers;
        }
        set => SetState(KvmVcpuStructure.SpecialRegisters, MemoryMarshal.AsBytes(new ReadOnlySpan<KvmSpecialRegisters>(ref value)));
    }

    /// <summary>Gets or sets whether it runs, halts or waits for its start: KVM_GET_MP_STATE, KVM_SET_MP_STATE.</summary>
    /// <exception cref="KernelException">EINVAL: a state that needs an interrupt controller in the kernel, or none.</exception>
    public KvmMpState MpState
    {
        get
        {
            uint state = 0;
            GetState(KvmVcpuStructure.MpState, MemoryMarshal.AsBytes(new Span<uint>(ref state)));
            return (KvmMpState)state;
        }
        set
        {
            uint state = (uint)value;
            SetState(KvmVcpuStructure.MpState, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(ref state)));
        }
    }

    /// <summary>Gets or sets the frequency of the guest's time stamp counter in kHz: KVM_GET_TSC_KHZ, KVM_SET_TSC_KHZ.</summary>
    /// <remarks>Set it before the first run. Where KVM cannot scale, only a frequency close to the host's is taken.</remarks>
    /// <exception cref="KernelException">EINVAL: the processor cannot run the counter at that frequency; EIO: the host's counter is not
    /// stable.</exception>
    public long TscKhz
    {
        get => KvmRefusal.Check(Kernel.Ioctl(_vcpu, KvmX86Header.KVM_GET_TSC_KHZ, 0), KvmOperation.GetTscKhz);
        set => KvmRefusal.Check(Kernel.Ioctl(_vcpu, KvmX86Header.KVM_SET_TSC_KHZ, checked((nint)value)), KvmOperation.SetTscKhz);
    }

    /// <summary>Gets whether the offset of the time stamp counter can be read and set (KVM_VCPU_TSC_OFFSET). Since Linux 5.16.</summary>
    public bool HasTscOffset => Attribute(KvmX86Header.KVM_HAS_DEVICE_ATTR, null) == 0;

    /// <summary>Gets or sets what is added to the host's time stamp counter for the guest: KVM_VCPU_TSC_OFFSET.</summary>
    /// <remarks>A counter that counts on through a kexec, as that of x86 does, does so for the guest when the offset is kept.</remarks>
    /// <exception cref="KernelException">ENXIO: the kernel is older than 5.16.</exception>
    public ulong TscOffset
    {
        get
        {
            ulong offset;

            // SAFETY: the kernel writes 8 bytes to this stack during the call.
            KvmRefusal.Check(Attribute(KvmX86Header.KVM_GET_DEVICE_ATTR, &offset), KvmOperation.GetTscOffset);
            return offset;
        }
        set => KvmRefusal.Check(Attribute(KvmX86Header.KVM_SET_DEVICE_ATTR, &value), KvmOperation.SetTscOffset);
    }

    /// <summary>Gets the size in bytes of a structure on this kernel.</summary>
    public int GetStateSize(KvmVcpuStructure structure) => structure switch
    {
        KvmVcpuStructure.Registers => Unsafe.SizeOf<kvm_regs>(),
        KvmVcpuStructure.SpecialRegisters => Unsafe.SizeOf<kvm_sregs2>(),
        KvmVcpuStructure.ExtendedState => Math.Max(SmallestXsave, _vm.CheckExtension(KvmCapability.ExtendedStateSize)),
        KvmVcpuStructure.NestedState => _vm.CheckExtension(KvmCapability.NestedStateSize),
        _ => KvmStructures.Of(structure).Size,
    };

    /// <summary>Reads a structure of the vCPU's state.</summary>
    /// <param name="structure">The structure.</param>
    /// <param name="buffer">As many bytes as <see cref="GetStateSize"/> says.</param>
    /// <exception cref="ArgumentException">The buffer has another length.</exception>
    /// <exception cref="KernelException">EINVAL: the vCPU has no such state.</exception>
    public void GetState(KvmVcpuStructure structure, Span<byte> buffer)
    {
        KvmStructures.Requests requests = KvmStructures.Of(structure);
        CheckLength(structure, buffer.Length);
        if (structure == KvmVcpuStructure.NestedState)
        {
            // struct kvm_nested_state says how long it is.
            buffer.Clear();
            BitConverter.TryWriteBytes(buffer[sizeof(uint)..], buffer.Length);
        }

        // SAFETY: the buffer is pinned, and as long as the kernel says that the structure is.
        fixed (byte* address = buffer)
        {
            KvmRefusal.Check(Kernel.Ioctl(_vcpu, requests.Get, (nint)address), requests.Getting);
        }
    }

    /// <summary>Gives the vCPU a structure of its state.</summary>
    /// <param name="structure">The structure.</param>
    /// <param name="bytes">As many bytes as <see cref="GetStateSize"/> says.</param>
    /// <exception cref="ArgumentException">There are more bytes, or fewer.</exception>
    /// <exception cref="KernelException">EINVAL: no processor can be in that state, or this one cannot.</exception>
    public void SetState(KvmVcpuStructure structure, ReadOnlySpan<byte> bytes)
    {
        KvmStructures.Requests requests = KvmStructures.Of(structure);
        CheckLength(structure, bytes.Length);

        // SAFETY: the bytes are pinned, and as many as the kernel says that the structure has.
        fixed (byte* address = bytes)
        {
            KvmRefusal.Check(Kernel.Ioctl(_vcpu, requests.Set, (nint)address), requests.Setting);
        }
    }

    /// <summary>Says what CPUID answers in the guest: KVM_SET_CPUID2.</summary>
    /// <param name="entries">The answers; <see cref="KvmDevice.GetSupportedCpuid"/> gives those that the kernel can keep.</param>
    /// <exception cref="KernelException">EINVAL: the vCPU has run, and these are others; E2BIG: too many entries.</exception>
    public void SetCpuid(ReadOnlySpan<KvmCpuidEntry> entries)
    {
        byte[] list = ArrayPool<byte>.Shared.Rent(ListHeader + (entries.Length * Unsafe.SizeOf<KvmCpuidEntry>()));
        try
        {
            list.AsSpan(0, ListHeader).Clear();
            BitConverter.TryWriteBytes(list, entries.Length);
            MemoryMarshal.AsBytes(entries).CopyTo(list.AsSpan(ListHeader));

            // SAFETY: struct kvm_cpuid2: a count, then as many entries, all in this pinned array.
            fixed (byte* address = list)
            {
                KvmRefusal.Check(Kernel.Ioctl(_vcpu, KvmX86Header.KVM_SET_CPUID2, (nint)address), KvmOperation.SetCpuid);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(list);
        }
    }

    /// <summary>Gets what CPUID answers in the guest, with the bits that follow its control registers: KVM_GET_CPUID2.</summary>
    public KvmCpuidEntry[] GetCpuid()
    {
        byte[] list = new byte[ListHeader + (KvmDevice.MostCpuidEntries * Unsafe.SizeOf<KvmCpuidEntry>())];
        BitConverter.TryWriteBytes(list, KvmDevice.MostCpuidEntries);
        _ = ListIoctl(KvmX86Header.KVM_GET_CPUID2, KvmOperation.GetCpuid, list);
        return MemoryMarshal.Cast<byte, KvmCpuidEntry>(list.AsSpan(ListHeader))[..BitConverter.ToInt32(list)].ToArray();
    }

    /// <summary>Reads model-specific registers: KVM_GET_MSRS.</summary>
    /// <param name="registers">Names the registers, and takes their values.</param>
    /// <returns>How many were read: the kernel stops at the first that this vCPU has not.</returns>
    /// <exception cref="KernelException">E2BIG: more than 255 at once.</exception>
    public int GetMsrs(Span<KvmMsr> registers)
    {
        byte[] list = Msrs(registers, out int length);
        try
        {
            int count = ListIoctl(KvmX86Header.KVM_GET_MSRS, KvmOperation.GetMsrs, list);
            MemoryMarshal.Cast<byte, KvmMsr>(list.AsSpan(ListHeader, length - ListHeader))[..count].CopyTo(registers);
            return count;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(list);
        }
    }

    /// <summary>Sets model-specific registers, in order: KVM_SET_MSRS.</summary>
    /// <returns>How many were set: the kernel stops at the first that it refuses, without an error.</returns>
    /// <exception cref="KernelException">E2BIG: more than 255 at once.</exception>
    public int SetMsrs(ReadOnlySpan<KvmMsr> registers)
    {
        byte[] list = Msrs(registers, out _);
        try
        {
            return ListIoctl(KvmX86Header.KVM_SET_MSRS, KvmOperation.SetMsrs, list);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(list);
        }
    }

    /// <summary>Reads the guest's time stamp counter, which goes on while the vCPU stands still: IA32_TSC by KVM_GET_MSRS.</summary>
    /// <returns>The counter, in ticks of <see cref="TscKhz"/>.</returns>
    public ulong ReadCounter()
    {
        Span<KvmMsr> counter = [new KvmMsr(MsrIndexHeader.MSR_IA32_TSC)];
        return GetMsrs(counter) == 1
            ? counter[0].Value
            : throw new KvmStateException(KvmStateFault.Refused, "KVM does not say what the guest's time stamp counter is.");
    }

    /// <summary>Tells the guest that it was stopped, so that it does not take the pause for a lock-up: KVM_KVMCLOCK_CTRL.</summary>
    /// <returns>Whether the guest can be told: false where it does not use KVM's clock (EINVAL).</returns>
    public bool NotifyPaused()
    {
        int result = Kernel.Ioctl(_vcpu, KvmX86Header.KVM_KVMCLOCK_CTRL, 0);
        return result != -(int)Errno.EINVAL && KvmRefusal.Check(result, KvmOperation.NotifyPaused) == 0;
    }

    private static byte[] Msrs(ReadOnlySpan<KvmMsr> registers, out int length)
    {
        length = ListHeader + (registers.Length * Unsafe.SizeOf<KvmMsr>());
        byte[] list = ArrayPool<byte>.Shared.Rent(length);
        list.AsSpan(0, ListHeader).Clear();
        BitConverter.TryWriteBytes(list, registers.Length);
        MemoryMarshal.AsBytes(registers).CopyTo(list.AsSpan(ListHeader));
        return list;
    }

    private int ListIoctl(uint request, KvmOperation operation, byte[] list)
    {
        // SAFETY: struct kvm_msrs or kvm_cpuid2: a count, then as many entries, all in this pinned array.
        fixed (byte* address = list)
        {
            return (int)KvmRefusal.Check(Kernel.Ioctl(_vcpu, request, (nint)address), operation);
        }
    }

    private int Attribute(uint request, ulong* value)
    {
        var attribute = new kvm_device_attr
        {
            group = KvmX86Header.KVM_VCPU_TSC_CTRL, attr = KvmX86Header.KVM_VCPU_TSC_OFFSET, addr = (ulong)value,
        };

        // SAFETY: the kernel reads the structure on this stack during the call, and 8 bytes at the address, which the caller has.
        return Kernel.Ioctl(_vcpu, request, (nint)(&attribute));
    }

    private void CheckLength(KvmVcpuStructure structure, int length)
    {
        int size = GetStateSize(structure);
        if (length != size)
        {
            throw new ArgumentException($"{structure} has {size} bytes on this kernel, not {length}.");
        }
    }
}
