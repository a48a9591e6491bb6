using System.Runtime.InteropServices;
using LuoInterop.Emulation.Kho;
using LuoInterop.Emulation.Kvm;
using LuoInterop.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Emulation;

/// <summary>Is what a guest's program sees of its vCPU: memory, ports, registers.</summary>
/// <remarks>
/// <para>A program is C#, not machine code. KVM_RUN calls it on its own thread, and it leaves by an exception when the vCPU stops: let
/// that pass. The next KVM_RUN begins the program anew: what must last it keeps in <see cref="Registers"/>, in memory or in variables. Of
/// an access that the VMM had to do it then finds the answer when it makes the same access first.</para>
/// <para>A VMM that wants the vCPU back (<see cref="KvmVcpu.Kick"/>) gets it at the program's next access or wait. An access that the VMM
/// did is complete before that: keep what it gave in <see cref="Registers"/>, or in memory, before the next access.</para>
/// <para>Its accesses are those of a processor: they fault pages of a guest_memfd in. Only for the thread that the program runs on, and
/// only while it runs.</para>
/// </remarks>
public sealed partial class EmulatedGuest
{
    private const int LongestAccess = 8;

    private readonly VcpuFile _vcpu;
    private readonly GuestExitException _exit = new();
    private EmulatedProcess? _process;
    private bool _hasStopped;
    private bool _completesOnly;
    private int _result;

    // The access that the VMM was asked to do, until it is made again.
    private (bool IsPort, ulong Address, int Length, bool IsWrite)? _pending;

    internal EmulatedGuest(VcpuFile vcpu) => _vcpu = vcpu;

    /// <summary>Gets or sets the general registers, which the VMM sees as KVM_GET_REGS and KVM_SET_REGS.</summary>
    public KvmRegisters Registers
    {
        get
        {
            Check();
            return _vcpu.Registers;
        }

        set
        {
            Check();
            _vcpu.Registers = value;
        }
    }

    /// <summary>Loads bytes from a guest-physical address. Pages that are not there are allocated.</summary>
    /// <param name="address">The address.</param>
    /// <param name="buffer">Takes the bytes, page by page; up to 8 of them from where there is no memory,
    /// which the VMM provides (MMIO).</param>
    /// <remarks>The vCPU stops at a page that cannot be had (KVM_EXIT_MEMORY_FAULT).</remarks>
    public void Read(ulong address, Span<byte> buffer) => Access(address, buffer, isStore: false);

    /// <summary>Stores bytes to a guest-physical address. Pages that are not there are allocated.</summary>
    /// <param name="address">The address.</param>
    /// <param name="data">The bytes; up to 8 of them where there is no memory, which the VMM takes (MMIO).</param>
    /// <inheritdoc cref="Read"/>
    public void Write(ulong address, ReadOnlySpan<byte> data) =>
        Access(address, MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(data), data.Length), isStore: true);

    /// <summary>Reads from a port: the vCPU stops (KVM_EXIT_IO), and the VMM provides the bytes.</summary>
    /// <param name="port">The port.</param>
    /// <param name="buffer">1, 2 or 4 bytes.</param>
    public void ReadPort(ushort port, Span<byte> buffer)
    {
        CheckAccess();
        if (Complete(isPort: true, port, buffer.Length, isWrite: false))
        {
            _vcpu.Shared.Bytes(VcpuRun.PortData, buffer.Length).CopyTo(buffer);
            return;
        }

        StopAtPort(port, buffer.Length, KvmHeader.KVM_EXIT_IO_IN);
    }

    /// <summary>Writes to a port: the vCPU stops (KVM_EXIT_IO), and the VMM takes the bytes.</summary>
    /// <param name="port">The port.</param>
    /// <param name="data">1, 2 or 4 bytes.</param>
    public void WritePort(ushort port, ReadOnlySpan<byte> data)
    {
        CheckAccess();
        if (Complete(isPort: true, port, data.Length, isWrite: true))
        {
            return;
        }

        data.CopyTo(_vcpu.Shared.Bytes(VcpuRun.PortData, data.Length));
        StopAtPort(port, data.Length, KvmHeader.KVM_EXIT_IO_OUT);
    }

    /// <summary>Stops the vCPU at what KVM cannot go on with (KVM_EXIT_INTERNAL_ERROR, KvmHeader.KVM_INTERNAL_ERROR_EMULATION).</summary>
    public void Fail()
    {
        Check();
        throw StopAtError();
    }

    /// <summary>Gets whether an access that the VMM did is not complete.</summary>
    internal bool HasPending => _pending is not null;

    /// <summary>Runs a program until the vCPU stops: what KVM_RUN returns.</summary>
    /// <param name="process">Whose thread runs the vCPU.</param>
    /// <param name="program">The program.</param>
    /// <param name="completesOnly">Whether to stop once the access is complete that the VMM did.</param>
    internal int Run(EmulatedProcess process, Action<EmulatedGuest>? program, bool completesOnly)
    {
        if (_process is not null)
        {
            throw new InvalidOperationException("A guest's program runs its own vCPU.");
        }

        _process = process;
        _hasStopped = false;
        _completesOnly = completesOnly;
        try
        {
            if (program is null)
            {
                // An emulated processor knows no machine code.
                throw StopAtError();
            }

            do
            {
                program(this);
                HaltAtTheEnd();
            }
            while (!_hasStopped);
        }
        catch (GuestExitException exit) when (exit == _exit)
        {
        }
        finally
        {
            _process = null;
        }

        return _result;
    }

    private void Access(ulong address, Span<byte> data, bool isStore)
    {
        EmulatedProcess process = CheckAccess();
        while (!data.IsEmpty)
        {
            int length = Math.Min(data.Length, PhysicalMemory.PageSize - (int)(address & (PhysicalMemory.PageSize - 1)));
            Span<byte> part = data[..length];
            switch (_vcpu.Vm.Access(process, address, part, isStore, out int error))
            {
                case GuestAccess.NoRegion:
                    AccessDevice(address, part, isStore);
                    break;
                case GuestAccess.MemoryFault:
                    ref kvm_run_memory_fault fault = ref Union<kvm_run_memory_fault>();
                    fault =
                        new kvm_run_memory_fault { gpa = address & ~(ulong)(PhysicalMemory.PageSize - 1), size = PhysicalMemory.PageSize };
                    throw Stop(KvmHeader.KVM_EXIT_MEMORY_FAULT, error);
                case GuestAccess.BadUserMemory:
                    throw Stop(KvmHeader.KVM_EXIT_UNKNOWN, error);
                default:
                    break;
            }

            address += (uint)length;
            data = data[length..];
        }
    }

    private void AccessDevice(ulong address, Span<byte> data, bool isStore)
    {
        if (data.Length > LongestAccess)
        {
            throw StopAtError();
        }

        Span<byte> shared = _vcpu.Shared.Bytes(KvmHeader.KvmRunMmioData, data.Length);
        if (Complete(isPort: false, address, data.Length, isStore))
        {
            if (!isStore)
            {
                shared.CopyTo(data);
            }

            return;
        }

        ref kvm_run_mmio mmio = ref Union<kvm_run_mmio>();
        mmio = new kvm_run_mmio { phys_addr = address, len = (uint)data.Length, is_write = isStore ? (byte)1 : (byte)0 };
        if (isStore)
        {
            data.CopyTo(shared);
        }

        _pending = (false, address, data.Length, isStore);
        throw Stop(KvmHeader.KVM_EXIT_MMIO, 0);
    }

    private void StopAtPort(ushort port, int length, byte direction)
    {
        if (length is not (1 or 2 or 4))
        {
            throw new ArgumentException("A port takes 1, 2 or 4 bytes.", nameof(length));
        }

        ref kvm_run_io io = ref Union<kvm_run_io>();
        io = new kvm_run_io { direction = direction, size = (byte)length, port = port, count = 1, data_offset = VcpuRun.PortData };
        _pending = (true, port, length, direction == KvmHeader.KVM_EXIT_IO_OUT);
        throw Stop(KvmHeader.KVM_EXIT_IO, 0);
    }

    private bool Complete(bool isPort, ulong address, int length, bool isWrite)
    {
        bool completes = _pending == (isPort, address, length, isWrite);
        _pending = completes ? null : _pending;
        return completes;
    }

    private GuestExitException StopAtError()
    {
        ref kvm_run_internal cause = ref Union<kvm_run_internal>();
        cause = new kvm_run_internal { suberror = KvmHeader.KVM_INTERNAL_ERROR_EMULATION };
        return Stop(KvmHeader.KVM_EXIT_INTERNAL_ERROR, 0);
    }

    private GuestExitException Stop(uint reason, int result)
    {
        _hasStopped = true;
        _result = result;
        _vcpu.Shared.Run.exit_reason = reason;
        return _exit;
    }

    private ref T Union<T>()
        where T : unmanaged =>
            ref MemoryMarshal.AsRef<T>(_vcpu.Shared.Bytes(KvmHeader.KvmRunUnion, System.Runtime.CompilerServices.Unsafe.SizeOf<T>()));

    // A program that caught the exception has stopped all the same.
    private EmulatedProcess Check() =>
        _process is not { } process ? throw new InvalidOperationException("The guest's program does not run.")
        : _hasStopped ? throw _exit
        : process;
}
