namespace LuoInterop.Emulation;

/// <summary>Makes an emulated machine fail on demand, as Linux does with fail_function, failslab and fail_page_alloc.</summary>
/// <remarks>
/// <para>A fault is armed, counts the events that it is for from then on, and happens at the n-th, once. Faults live across
/// the kernels of their machine. Several can be armed; each counts for itself, and where two meet in one event the one
/// that was armed first decides.</para>
/// <para>To sweep over all faults of a program, run it once on a machine of its own, ask <see cref="CountCalls"/> and
/// <see cref="CountAllocations"/>, and run it again with each number on a new machine.</para>
/// <para>The members may be called from several threads at once. The model is Linux's
/// Documentation/fault-injection/fault-injection.rst.</para>
/// </remarks>
public sealed class FaultInjection
{
    private static readonly int CallKinds = Enum.GetValues<KernelCall>().Length;

    private readonly Lock _lock = new();
    private readonly List<InjectedFault> _armed = [];
    private readonly long[] _calls = new long[CallKinds];
    private readonly long[] _allocations = new long[(int)AllocationKind.Any];
    private volatile int _armedCount;

    internal FaultInjection()
    {
    }

    /// <summary>Counts the calls that programs made on the machine so far,
    /// refused ones and those of dead processes not among them.</summary>
    /// <param name="call">The call; <see cref="KernelCall.Any"/> for all.</param>
    /// <returns>The number since the machine was made, over all its kernels.</returns>
    public long CountCalls(KernelCall call = KernelCall.Any)
    {
        Check(call);
        return call == KernelCall.Any ? _calls.Sum() : Interlocked.Read(ref _calls[(int)call]);
    }

    /// <summary>Counts what the kernels of the machine tried to allocate so far, at boot too.</summary>
    /// <param name="kind">The kind, or both.</param>
    /// <returns>The number since the machine was made, over all its kernels.</returns>
    public long CountAllocations(AllocationKind kind = AllocationKind.Any)
    {
        Check(kind);
        return kind == AllocationKind.Any ? _allocations.Sum() : Interlocked.Read(ref _allocations[(int)kind]);
    }

    /// <summary>Makes the n-th call from now be refused before it did anything (fail_function).</summary>
    /// <param name="call">The call that is counted; <see cref="KernelCall.Any"/> for all.</param>
    /// <param name="errno">The error number that it is refused with.</param>
    /// <param name="nth">1 for the next call.</param>
    /// <remarks>
    /// close(2) closes whatever it answers, as on Linux (filp_close in fs/open.c).
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nth"/> is less than 1, or the error number is none.</exception>
    public InjectedFault FailCall(KernelCall call, Errno errno, int nth = 1)
    {
        Check(errno);
        return Arm(new($"{call} fails with {errno}", FaultPoint.Call, Kinds(call), nth) { Errno = errno });
    }

    /// <summary>Makes the n-th ioctl of a kind from now fail with EFAULT after it did its work: its answer cannot be copied back.</summary>
    /// <param name="call">An ioctl of LUO.</param>
    /// <param name="nth">1 for the next one.</param>
    /// <remarks>
    /// What that leaves differs (luo_ucmd_respond's callers): a created session is gone again, a retrieved one is finished, a
    /// preserved file stays preserved, a retrieved one can be asked for again. An ioctl that fails for another reason uses
    /// the fault up.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The call is no ioctl of LUO, or <paramref name="nth"/> is less than 1.</exception>
    public InjectedFault FailCopyBack(KernelCall call, int nth = 1)
    {
        if (call is < KernelCall.CreateSession or > KernelCall.GetName)
        {
            throw new ArgumentOutOfRangeException(nameof(call));
        }

        return Arm(new($"{call} cannot copy its answer back", FaultPoint.Call, Kinds(call), nth) { Effect = FaultEffect.FailCopyBack });
    }

    /// <summary>Makes a file handler's n-th operation of a kind from now fail; the handler does nothing.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="errno">The error number that the handler returns.</param>
    /// <param name="nth">1 for the next one.</param>
    /// <param name="token">The only token that counts; null for every file.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nth"/> is less than 1, or the error number is none.</exception>
    public InjectedFault FailHandler(FileOperation operation, Errno errno, int nth = 1, ulong? token = null)
    {
        Check(errno);
        if (!Enum.IsDefined(operation))
        {
            throw new ArgumentOutOfRangeException(nameof(operation));
        }

        string file = token is { } of ? $" of token {of}" : "";
        return Arm(
            new($"{operation}{file} fails with {errno}", FaultPoint.Handler, 1U << (int)operation, nth) { Errno = errno, Token = token });
    }

    /// <summary>Makes the n-th allocation of kernel memory from now fail (fail_page_alloc, failslab).</summary>
    /// <param name="kind">What is counted.</param>
    /// <param name="nth">1 for the next one.</param>
    /// <remarks>A kernel that lacks memory for KHO or LUO at its boot goes on without them,
    /// as Linux does (kho_init, luo_late_startup).</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nth"/> is less than 1, or the kind is none.</exception>
    public InjectedFault FailAllocation(AllocationKind kind = AllocationKind.Any, int nth = 1)
    {
        Check(kind);
        return Arm(new($"allocation ({kind}) fails", FaultPoint.Allocation, (uint)kind, nth));
    }

    /// <summary>Damages a folio of a preserved file at the next kexec that carries it.</summary>
    /// <param name="damage">What happens to it.</param>
    /// <param name="token">The file's token; the oldest session that has it counts.</param>
    /// <param name="offset">An offset in the file, in bytes, that the folio covers.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative.</exception>
    public InjectedFault DamageFolio(FolioDamage damage, ulong token, long offset = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (!Enum.IsDefined(damage))
        {
            throw new ArgumentOutOfRangeException(nameof(damage));
        }

        return Arm(new($"folio at offset {offset} of token {token} is {damage}", FaultPoint.Jump, uint.MaxValue)
        {
            Damage = damage,
            Token = token,
            Offset = offset,
        });
    }

    /// <summary>Makes the next kernel that boots lack the handler of memory files (built without CONFIG_LIVEUPDATE_MEMFD).</summary>
    /// <remarks>
    /// Opening the device is EIO there, in all of that boot, where files were handed over (luo_file_deserialize);
    /// PRESERVE_FD of a memfd is ENOENT.
    /// </remarks>
    public InjectedFault OmitMemfdHandler() => Arm(new("the memfd handler is missing", FaultPoint.Registration, uint.MaxValue));

    /// <summary>Kills the process that makes the n-th call from now, in place of that call.</summary>
    /// <param name="call">The call that is counted; <see cref="KernelCall.Any"/> for all.</param>
    /// <param name="nth">1 for the next call.</param>
    /// <remarks>
    /// Its emulated descriptors are closed at once, as at the end of a process: outgoing sessions that nobody else holds are
    /// gone, retrieved ones finished. The program is unwound by <see cref="EmulatedKillException"/>; close(2) and munmap(2)
    /// do not throw it, the next call does. <see cref="EmulatedMachine.Run"/> returns 137 then, and the kernel goes on.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nth"/> is less than 1.</exception>
    public InjectedFault KillProcess(KernelCall call = KernelCall.Any, int nth = 1) =>
        Arm(new($"{call} kills the process", FaultPoint.Call, Kinds(call), nth) { Effect = FaultEffect.Kill });

    /// <summary>Cuts the machine's power at the n-th call from now, in place of that call.</summary>
    /// <param name="call">The call that is counted; <see cref="KernelCall.Any"/> for all.</param>
    /// <param name="nth">1 for the next call.</param>
    /// <remarks>
    /// All memory is lost, and the next boot is a cold one. The program is unwound by <see cref="EmulatedRebootException"/>
    /// with the command RESTART: <see cref="EmulatedMachine.Run"/> boots and starts it again, as when power comes back.
    /// close(2) and munmap(2) do not throw, the next call does.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nth"/> is less than 1.</exception>
    public InjectedFault CutPower(KernelCall call = KernelCall.Any, int nth = 1) =>
        Arm(new($"{call} meets a power cut", FaultPoint.Call, Kinds(call), nth) { Effect = FaultEffect.CutPower });

    /// <summary>Disarms all faults that have not happened.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _armed.Clear();
            _armedCount = 0;
        }
    }

    /// <summary>Counts a call: the fault that it meets, or null.</summary>
    internal InjectedFault? OnCall(KernelCall call)
    {
        Interlocked.Increment(ref _calls[(int)call]);
        return Meet(FaultPoint.Call, 1U << (int)call, null);
    }

    /// <summary>Counts an operation of a handler: 0, or the <c>-errno</c> that it fails with.</summary>
    internal int OnHandler(FileOperation operation, ulong token) =>
        -(int)(Meet(FaultPoint.Handler, 1U << (int)operation, token)?.Errno ?? Errno.None);

    /// <summary>Counts an allocation: whether it fails.</summary>
    internal bool FailsAllocation(AllocationKind kind)
    {
        Interlocked.Increment(ref _allocations[(int)kind]);
        return Meet(FaultPoint.Allocation, (uint)kind, null) is not null;
    }

    /// <summary>Tells whether the kernel that boots lacks the handler of memory files.</summary>
    internal bool LacksMemfdHandler() => Meet(FaultPoint.Registration, uint.MaxValue, null) is not null;

    /// <summary>Takes the next damage that can be done at the jump, or null.</summary>
    /// <param name="isPossible">Tells whether the file of a damage is carried, and reaches to its offset.</param>
    internal InjectedFault? OnJump(Predicate<InjectedFault> isPossible)
    {
        lock (_lock)
        {
            return _armed.Find(fault => fault.Point == FaultPoint.Jump && isPossible(fault)) is { } found ? Fire(found) : null;
        }
    }

    private static uint Kinds(KernelCall call)
    {
        Check(call);
        return call == KernelCall.Any ? uint.MaxValue : 1U << (int)call;
    }

    private static void Check(KernelCall call)
    {
        if (!Enum.IsDefined(call))
        {
            throw new ArgumentOutOfRangeException(nameof(call));
        }
    }

    private static void Check(AllocationKind kind)
    {
        if (kind is < AllocationKind.Page or > AllocationKind.Any)
        {
            throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    private static void Check(Errno errno) => ArgumentOutOfRangeException.ThrowIfLessThan((int)errno, 1, nameof(errno));

    private InjectedFault Arm(InjectedFault fault)
    {
        lock (_lock)
        {
            _armed.Add(fault);
            _armedCount = _armed.Count;
            return fault;
        }
    }

    // Every fault that waits for the event counts it; the first that is due happens.
    private InjectedFault? Meet(FaultPoint point, uint kind, ulong? token)
    {
        if (_armedCount == 0)
        {
            return null;
        }

        lock (_lock)
        {
            InjectedFault? due = null;
            foreach (InjectedFault fault in _armed)
            {
                bool counts = fault.Point == point && (fault.Kinds & kind) != 0 && (fault.Token is null || fault.Token == token);
                if (counts && fault.Remaining > 1)
                {
                    fault.Remaining--;
                }
                else if (counts)
                {
                    due ??= fault;
                }
            }

            return due is null ? null : Fire(due);
        }
    }

    private InjectedFault Fire(InjectedFault fault)
    {
        _armed.Remove(fault);
        _armedCount = _armed.Count;
        fault.HasFired = true;
        return fault;
    }
}
