using System.Runtime.InteropServices;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <content>The devices that the kernel emulates for a VM: interrupt controllers, timer, clock.</content>
public sealed unsafe partial class KvmVm
{
    /// <summary>Sets where KVM keeps three pages of its own in the guest's addresses: KVM_SET_TSS_ADDR. Intel processors need it.</summary>
    /// <param name="address">A guest-physical address below 4 GiB in no region.</param>
    public void SetTssAddress(ulong address) => KvmRefusal.Check(
        Kernel.Ioctl(Handle, KvmX86Header.KVM_SET_TSS_ADDR, checked((nint)address)), KvmOperation.SetTssAddress);

    /// <summary>Sets where KVM keeps a page table of its own: KVM_SET_IDENTITY_MAP_ADDR. Intel processors need it.</summary>
    /// <param name="address">A guest-physical address below 4 GiB in no region.</param>
    /// <exception cref="KernelException">EINVAL: the VM has a vCPU.</exception>
    public void SetIdentityMapAddress(ulong address) =>
        // SAFETY: the kernel reads 8 bytes of this stack during the call.
        KvmRefusal.Check(
            Kernel.Ioctl(Handle, KvmX86Header.KVM_SET_IDENTITY_MAP_ADDR, (nint)(&address)), KvmOperation.SetIdentityMapAddress);

    /// <summary>Creates the interrupt controllers in the kernel, two 8259 and an I/O APIC; each vCPU gets a local APIC:
    /// KVM_CREATE_IRQCHIP.</summary>
    /// <exception cref="KernelException">EEXIST: the VM has them; EINVAL: it has a vCPU already.</exception>
    public void CreateIrqchip() =>
        KvmRefusal.Check(Kernel.Ioctl(Handle, KvmX86Header.KVM_CREATE_IRQCHIP, 0), KvmOperation.CreateIrqchip);

    /// <summary>Creates the timer (8254) in the kernel: KVM_CREATE_PIT2.</summary>
    /// <exception cref="KernelException">EEXIST: the VM has one; ENOENT: it has no interrupt controllers.</exception>
    public void CreatePit()
    {
        kvm_pit_config config = default;

        // SAFETY: the kernel reads the structure on this stack during the call, as many bytes as the request number says.
        KvmRefusal.Check(Kernel.Ioctl(Handle, KvmX86Header.KVM_CREATE_PIT2, (nint)(&config)), KvmOperation.CreatePit);
    }

    /// <summary>Raises or lowers an interrupt line: KVM_IRQ_LINE. Allocates nothing.</summary>
    /// <param name="line">The line, 0 to 23.</param>
    /// <param name="level">Whether it is high.</param>
    /// <exception cref="KernelException">ENXIO: the VM has no interrupt controllers.</exception>
    public void SetIrqLine(uint line, bool level)
    {
        var argument = new kvm_irq_level { irq = line, level = level ? 1u : 0 };

        // SAFETY: the kernel reads the structure on this stack during the call, as many bytes as the request number says.
        KvmRefusal.Check(Kernel.Ioctl(Handle, KvmX86Header.KVM_IRQ_LINE, (nint)(&argument)), KvmOperation.SetIrqLine);
    }

    /// <summary>Gets the frequency in kHz at which the time stamp counters of new vCPUs run, the host's: KVM_GET_TSC_KHZ of a VM.</summary>
    /// <returns>What the host's kernel measured at its start, another number each time; 0 before Linux 5.18, which does not say.</returns>
    public long GetTscKhz()
    {
        int result = Kernel.Ioctl(Handle, KvmX86Header.KVM_GET_TSC_KHZ, 0);
        return result == -(int)Errno.ENOTTY ? 0 : KvmRefusal.Check(result, KvmOperation.GetTscKhz);
    }

    /// <summary>Gets the size in bytes of a structure.</summary>
    public static int GetStateSize(KvmVmStructure structure) => KvmStructures.Of(structure).Size;

    /// <summary>Reads a structure of the VM's state.</summary>
    /// <param name="structure">The structure.</param>
    /// <param name="buffer">As many bytes as <see cref="GetStateSize"/> says.</param>
    /// <exception cref="ArgumentException">The buffer has another length.</exception>
    /// <exception cref="KernelException">ENXIO: the VM has no such device.</exception>
    public void GetState(KvmVmStructure structure, Span<byte> buffer)
    {
        KvmStructures.Requests requests = KvmStructures.Of(structure);
        CheckLength(structure, buffer.Length);
        if (KvmStructures.ChipOf(structure) is { } chip)
        {
            buffer.Clear();
            MemoryMarshal.Write(buffer, chip);
        }

        // SAFETY: the buffer is pinned, and as long as the request number says.
        fixed (byte* address = buffer)
        {
            KvmRefusal.Check(Kernel.Ioctl(Handle, requests.Get, (nint)address), requests.Getting);
        }
    }

    /// <summary>Gives the VM a structure of its state.</summary>
    /// <param name="structure">The structure.</param>
    /// <param name="bytes">As many bytes as <see cref="GetStateSize"/> says.</param>
    /// <exception cref="ArgumentException">There are more bytes, or fewer, or they are another interrupt controller's.</exception>
    /// <exception cref="KernelException">ENXIO: the VM has no such device; EINVAL: no device can be in that state.</exception>
    public void SetState(KvmVmStructure structure, ReadOnlySpan<byte> bytes)
    {
        KvmStructures.Requests requests = KvmStructures.Of(structure);
        CheckLength(structure, bytes.Length);
        if (KvmStructures.ChipOf(structure) is { } chip && MemoryMarshal.Read<uint>(bytes) != chip)
        {
            throw new ArgumentException($"These are the bytes of another interrupt controller than {structure}.", nameof(bytes));
        }

        // SAFETY: the bytes are pinned, and as many as the request number says.
        fixed (byte* address = bytes)
        {
            KvmRefusal.Check(Kernel.Ioctl(Handle, requests.Set, (nint)address), requests.Setting);
        }
    }

    private static void CheckLength(KvmVmStructure structure, int length)
    {
        int size = GetStateSize(structure);
        if (length != size)
        {
            throw new ArgumentException($"{structure} has {size} bytes, not {length}.");
        }
    }
}
