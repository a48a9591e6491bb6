using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Kvm;

/// <summary>Holds a virtual processor of x86-64: runs the guest and says why it stopped.</summary>
/// <remarks>
/// <para>One thread runs it and reads what stopped it; in the meantime other calls on it wait in the kernel. What the
/// properties say of an exit holds until the next <see cref="Run"/>. Allocates nothing.</para>
/// <para>Source: <c>include/uapi/linux/kvm.h</c>, <c>Documentation/virt/kvm/api.rst</c>, Linux 7.3.</para>
/// </remarks>
public sealed unsafe partial class KvmVcpu : IDisposable
{
    // Keeps the mappings that KVM uses for the guest from being collected while it runs.
    private readonly KvmVm _vm;
    private readonly KernelHandle _vcpu;
    private readonly MemfdMapping _run;
    private Errno _errno;
    private volatile int _thread;

    internal KvmVcpu(KvmVm vm, uint id, KernelHandle vcpu, MemfdMapping run)
    {
        Id = id;
        if (run.Length < sizeof(kvm_run))
        {
            run.Dispose();
            throw new NotSupportedException($"KVM shares {run.Length} bytes with a VMM; struct kvm_run has {sizeof(kvm_run)}.");
        }

        _vm = vm;
        _vcpu = vcpu;
        _run = run;
    }

    /// <summary>Gets the vCPU's number, on x86-64 its APIC id.</summary>
    public uint Id { get; }

    /// <summary>Gets the kernel that answers.</summary>
    public Kernel Kernel => _vm.Kernel;

    /// <summary>Gets the vCPU's descriptor, for calls that the library does not offer. It stays owned by this object.</summary>
    public SafeHandle Handle => _vcpu;

    /// <summary>Gets or sets the general registers: KVM_GET_REGS, KVM_SET_REGS.</summary>
    public KvmRegisters Registers
    {
        get
        {
            KvmRegisters registers;

            // SAFETY: KvmRegisters has the layout of struct kvm_regs, whose size the request number says, and lies on this stack.
            KvmRefusal.Check(Kernel.Ioctl(_vcpu, KvmHeader.KVM_GET_REGS, (nint)(&registers)), KvmOperation.GetRegisters);
            return registers;
        }
        set => KvmRefusal.Check(Kernel.Ioctl(_vcpu, KvmHeader.KVM_SET_REGS, (nint)(&value)), KvmOperation.SetRegisters);
    }

    /// <summary>Gets why the last run stopped.</summary>
    public KvmExitReason ExitReason => (KvmExitReason)Shared.exit_reason;

    /// <summary>Gets the access to a port that the vCPU stopped at.</summary>
    /// <exception cref="InvalidOperationException">It stopped for another reason.</exception>
    public KvmPortAccess PortAccess
    {
        get
        {
            ref kvm_run_io io = ref Exit<kvm_run_io>(KvmExitReason.Port);
            return new KvmPortAccess(io.direction == KvmHeader.KVM_EXIT_IO_OUT, io.size, io.port, (int)io.count);
        }
    }

    /// <summary>Gets the data of the access to a port: what the guest wrote, or room for what it will read at the next run.</summary>
    /// <exception cref="InvalidOperationException">It stopped for another reason.</exception>
    public Span<byte> PortData
    {
        get
        {
            ref kvm_run_io io = ref Exit<kvm_run_io>(KvmExitReason.Port);
            return _run.GetSpan((long)io.data_offset, checked((int)(io.size * io.count)));
        }
    }

    /// <summary>Gets the access to an address without memory that the vCPU stopped at.</summary>
    /// <exception cref="InvalidOperationException">It stopped for another reason.</exception>
    public KvmMmioAccess MmioAccess
    {
        get
        {
            ref kvm_run_mmio mmio = ref Exit<kvm_run_mmio>(KvmExitReason.Mmio);
            return new KvmMmioAccess(mmio.phys_addr, (int)mmio.len, mmio.is_write != 0);
        }
    }

    /// <summary>Gets the data of that access: what the guest wrote, or room for what it will read at the next run.</summary>
    /// <exception cref="InvalidOperationException">It stopped for another reason.</exception>
    public Span<byte> MmioData
    {
        get
        {
            ref kvm_run_mmio mmio = ref Exit<kvm_run_mmio>(KvmExitReason.Mmio);
            return _run.GetSpan(KvmHeader.KvmRunMmioData, (int)mmio.len);
        }
    }

    /// <summary>Gets what memory of the guest could not be had.</summary>
    /// <exception cref="InvalidOperationException">It stopped for another reason.</exception>
    public KvmMemoryFault MemoryFault
    {
        get
        {
            ref kvm_run_memory_fault fault = ref Exit<kvm_run_memory_fault>(KvmExitReason.MemoryFault);
            bool isPrivate = (fault.flags & KvmHeader.KVM_MEMORY_EXIT_FLAG_PRIVATE) != 0;
            return new KvmMemoryFault(_errno, fault.gpa, fault.size, isPrivate, fault.flags);
        }
    }

    /// <summary>Gets the number of KVM's internal error (KVM_INTERNAL_ERROR_), 1 for an instruction that it does not emulate.</summary>
    /// <exception cref="InvalidOperationException">It stopped for another reason.</exception>
    public uint InternalError => Exit<kvm_run_internal>(KvmExitReason.InternalError).suberror;

    /// <summary>Gets the processor's own reason for refusing the guest's state.</summary>
    /// <exception cref="InvalidOperationException">It stopped for another reason.</exception>
    public ulong FailedEntryReason => Exit<kvm_run_fail_entry>(KvmExitReason.FailedEntry).hardware_entry_failure_reason;

    /// <summary>Gets or sets whether a run returns at once, as <see cref="KvmExitReason.Interrupted"/>, after it has completed what an exit
    /// left undone (immediate_exit of <c>struct kvm_run</c>). Any thread may; it stays set until it is cleared. Since Linux 4.12.</summary>
    public bool ImmediateExit
    {
        get => Volatile.Read(ref Shared.immediate_exit) != 0;
        set => Volatile.Write(ref Shared.immediate_exit, value ? (byte)1 : (byte)0);
    }

    /// <summary>Completes what the last exit left undone, and lets the guest run no further: an OUT is not done twice after a restore, and
    /// an IN keeps its value.</summary>
    /// <returns><see cref="KvmExitReason.Interrupted"/> when nothing is left; else another exit of the same instruction, to be answered
    /// before this is called again.</returns>
    /// <remarks>Only for the thread that runs the vCPU. Clears <see cref="ImmediateExit"/>.</remarks>
    public KvmExitReason CompleteExit()
    {
        ImmediateExit = true;
        try
        {
            return Run();
        }
        finally
        {
            ImmediateExit = false;
        }
    }

    /// <summary>Makes the run that is under way in another thread, or the next one, return as
    /// <see cref="KvmExitReason.Interrupted"/>.</summary>
    /// <remarks>Sets <see cref="ImmediateExit"/>, which the thread that runs the vCPU clears once it has seen it, and sends that thread a
    /// signal whose handler does nothing. There is no moment at which the guest runs on all the same: a run that has not looked at the flag
    /// yet will, and one that has is interrupted by the signal. A signal that comes late can end one more run, as any signal can.</remarks>
    /// <exception cref="InvalidOperationException">This program has handlers for all real-time signals.</exception>
    public void Kick()
    {
        ImmediateExit = true;

        // A full fence: the flag is set before the thread is looked at. Run() does the two in the other order.
        Interlocked.MemoryBarrier();
        if (_thread is not 0 and int thread)
        {
            KickSignal.Send(thread);
        }
    }

    /// <summary>Makes the vCPU begin in real mode at an address: KVM_SET_SREGS, KVM_SET_REGS. Other registers are as after a reset,
    /// or 0.</summary>
    /// <param name="segment">The code segment, a sixteenth of its address.</param>
    /// <param name="offset">The instruction pointer in it.</param>
    public void StartInRealMode(ushort segment, ushort offset)
    {
        kvm_sregs special;

        // SAFETY: the kernel writes, then reads the structure on this stack, as many bytes as the request numbers say.
        KvmRefusal.Check(Kernel.Ioctl(_vcpu, KvmHeader.KVM_GET_SREGS, (nint)(&special)), KvmOperation.GetRegisters);
        special.cs.selector = segment;
        special.cs.@base = (ulong)segment << 4;
        KvmRefusal.Check(Kernel.Ioctl(_vcpu, KvmHeader.KVM_SET_SREGS, (nint)(&special)), KvmOperation.SetRegisters);

        // Bit 1 of the flags is always set (EFLAGS, reserved).
        Registers = new KvmRegisters { Rip = offset, Rflags = 2 };
    }

    /// <summary>Runs the guest until something needs this program: KVM_RUN. What an exit left undone is completed first.</summary>
    /// <returns>Why it stopped. A signal is <see cref="KvmExitReason.Interrupted"/>, memory that could not be had
    /// <see cref="KvmExitReason.MemoryFault"/>, although KVM_RUN returns an error for both.</returns>
    /// <exception cref="KernelException">
    /// EFAULT: the guest's memory has no page and KVM does not say where (user memory that is not mapped); EIO: the VM belongs
    /// to another process or is dead; EINVAL: the guest's state cannot be run.
    /// </exception>
    public KvmExitReason Run()
    {
        // Not every error sets the reason, and an old one must not be taken for this run's.
        Shared.exit_reason = KvmHeader.KVM_EXIT_UNKNOWN;
        _thread = CurrentThread;
        Interlocked.MemoryBarrier();
        int result;
        try
        {
            do
            {
                // EAGAIN: the vCPU has just got its start from another one (kvm_arch_vcpu_ioctl_run of arch/x86/kvm/x86.c).
                result = Kernel.Ioctl(_vcpu, KvmHeader.KVM_RUN, 0);
            }
            while (result == -(int)Errno.EAGAIN);
        }
        finally
        {
            _thread = 0;
        }

        GC.KeepAlive(this);
        _errno = result < 0 ? (Errno)(-result) : Errno.None;
        if (_errno == Errno.EINTR)
        {
            Shared.exit_reason = KvmHeader.KVM_EXIT_INTR;
        }
        else if (result < 0 && ExitReason != KvmExitReason.MemoryFault)
        {
            throw KvmRefusal.Of(result, KvmOperation.Run);
        }

        return ExitReason;
    }

    /// <summary>Closes the vCPU. It must not be running.</summary>
    public void Dispose()
    {
        try
        {
            _run.Dispose();
        }
        finally
        {
            _vcpu.Dispose();
        }
    }

    // SAFETY: the mapping is as large as the structure (constructor), page-aligned, and lasts until Dispose.
    private ref kvm_run Shared => ref *(kvm_run*)_run.Address;

    [ThreadStatic]
    private static int t_thread;

    private static int CurrentThread => t_thread != 0 ? t_thread : t_thread = UnistdHeader.gettid();

    private ref T Exit<T>(KvmExitReason reason)
        where T : unmanaged
    {
        if (ExitReason != reason)
        {
            throw new InvalidOperationException($"The vCPU stopped by {ExitReason}, not by {reason}.");
        }

        // SAFETY: every member of the union begins there and is smaller than the 256 bytes that it is padded to.
        return ref Unsafe.AsRef<T>(_run.Address + KvmHeader.KvmRunUnion);
    }
}
