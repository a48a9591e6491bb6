using System.Buffers.Binary;
using LuoInterop.Kvm;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of the order in which a vCPU's state is read and put back, each with what is lost in another order. They need a
/// processor that executes code, and timers that go off.</summary>
/// <remarks>
/// <para>What holds without them is in <see cref="MachineMoves"/> and <see cref="VcpuStructures"/>: an OUT that is done twice, the count of
/// KVM_SET_MSRS, CPUID before the registers that it allows and not after a run, the deadline in another mode of the timer, the size of
/// the extended state.</para>
/// <para>Not shown are the places of XFD and of the nested state: QEMU's processor has no state that XFD switches off, and no guest here
/// is a hypervisor. Nor what soft-lockup detection makes of a pause, only that the guest is told of it.</para>
/// </remarks>
public static class VcpuOrder
{
    private const byte Port = StateMachine.Port;
    private const int Handler = 0x1100;
    private const int Clock = 0x4000;
    private const byte Vector = 0x40;
    private const uint EnableCap = 0x4068_AEA3;
    private const int ExceptionPayload = 164;
    private const uint TscDeadline = 0x6e0;
    private const uint SystemTime = 0x4b56_4d01;
    private const uint ArchCapabilities = 0x10a;
    private const ulong Far = 1UL << 50;
    private const ulong Second = 1_000_000_000;

    /// <summary>mov al, 1; out 0x10, al; hlt.</summary>
    private static readonly byte[] WriteOne = [0xB0, 1, 0xE6, Port, 0xF4];

    /// <summary>mov byte [0x2000], 1; sti; hlt; mov al, 1; out 0x10, al; hlt.</summary>
    private static readonly byte[] WaitAndWriteOne = [0xC6, 0x06, 0x00, 0x20, 1, 0xFB, 0xF4, 0xB0, 1, 0xE6, Port, 0xF4];

    /// <summary>Setting registers drops a pending exception: events come after them.</summary>
    public static void Events_AfterRegisters_AreDelivered_BeforeThem_AreLost(Kernel kernel)
    {
        Assert.Equal(7, FirstByte(registersFirst: true));
        Assert.Equal(1, FirstByte(registersFirst: false));

        byte FirstByte(bool registersFirst)
        {
            using var machine = new StateMachine(kernel);
            EnableExceptionPayload(machine);
            KvmVcpu vcpu = machine.Boot(WriteOne);
            Handle(machine, 6);
            KvmRegisters registers = vcpu.Registers;

            // #UD, pending: exception.pending at 3, its number at 1; the flag says that this is not an injected one.
            void SetEvents() => machine.Change(KvmVcpuStructure.Events, static events =>
            {
                (events[1], events[3]) = (6, 1);
                events[20] |= 0x10;
            });
            if (registersFirst)
            {
                vcpu.Registers = registers;
                SetEvents();
            }
            else
            {
                SetEvents();
                vcpu.Registers = registers;
            }

            return machine.RunToPort();
        }
    }

    /// <summary>The whole state keeps a pending exception, whether or not the machine tells it from an injected one.</summary>
    public static void PendingException_IsDeliveredAfterAMove(Kernel kernel)
    {
        foreach (bool tellsApart in (bool[])[true, false])
        {
            using var machine = new StateMachine(kernel);
            if (tellsApart)
            {
                EnableExceptionPayload(machine);
            }

            machine.Boot(WriteOne);
            Handle(machine, 6);
            machine.Change(KvmVcpuStructure.Events, events =>
            {
                (events[0], events[1], events[3]) = (tellsApart ? (byte)0 : (byte)1, 6, tellsApart ? (byte)1 : (byte)0);
                events[20] |= tellsApart ? (byte)0x10 : (byte)0;
            });
            MachineState state = machine.Save();
            using StateMachine other = machine.Another();
            if (tellsApart)
            {
                EnableExceptionPayload(other);
            }

            state.Restore(other.Vm, other.Vcpus);
            Assert.Equal(7, other.RunToPort());
        }
    }

    /// <summary>A deadline counts in the timer's deadline mode only, which is the APIC's state.</summary>
    public static void Deadline_AfterTheApic_GoesOff_BeforeIt_IsLost(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(WaitAndWriteOne);
        Handle(machine, Vector);
        SetTimer(machine, Vector | 0x40000u);
        machine.SetMsr(TscDeadline, 1);
        Assert.Equal(7, machine.RunToPort());

        using var wrong = new StateMachine(kernel);
        wrong.Boot(WaitAndWriteOne);
        Handle(wrong, Vector);
        wrong.SetMsr(TscDeadline, 1);
        SetTimer(wrong, Vector | 0x40000u);
        Assert.Equal(0UL, wrong.GetMsr(TscDeadline));
        VcpuKicks.StopHalted(wrong);
    }

    /// <summary>An APIC that its base has switched off takes no deadline: the special registers, which hold the base, come first.</summary>
    public static void Deadline_AfterTheApicsBase_IsKept_BeforeIt_IsLost(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(WaitAndWriteOne);
        KvmSpecialRegisters on = vcpu.SpecialRegisters;
        KvmSpecialRegisters off = on with { ApicBase = on.ApicBase & ~0x800UL };
        vcpu.SpecialRegisters = off;
        vcpu.SpecialRegisters = on;
        SetTimer(machine, Vector | 0x40000u);
        machine.SetMsr(TscDeadline, ulong.MaxValue >> 2);
        Assert.Equal(ulong.MaxValue >> 2, machine.GetMsr(TscDeadline));

        using var wrong = new StateMachine(kernel);
        wrong.Boot(WaitAndWriteOne);
        wrong.Vcpu.SpecialRegisters = off;
        SetTimer(wrong, Vector | 0x40000u);
        wrong.SetMsr(TscDeadline, ulong.MaxValue >> 2);
        wrong.Vcpu.SpecialRegisters = on;
        Assert.Equal(0UL, wrong.GetMsr(TscDeadline));
    }

    /// <summary>A deadline is measured with the counter when it is set: a counter that is put back later makes it late.</summary>
    public static void Deadline_AfterTheCounter_GoesOff_BeforeIt_IsLate(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        KvmVcpu vcpu = machine.Boot(WaitAndWriteOne);
        Handle(machine, Vector);
        SetTimer(machine, Vector | 0x40000u);
        vcpu.TscOffset += 2 * Far;
        machine.SetMsr(TscDeadline, Far);
        Assert.Equal(7, machine.RunToPort());

        using var wrong = new StateMachine(kernel);
        wrong.Boot(WaitAndWriteOne);
        Handle(wrong, Vector);
        SetTimer(wrong, Vector | 0x40000u);
        wrong.SetMsr(TscDeadline, Far);
        wrong.Vcpu.TscOffset += 2 * Far;
        VcpuKicks.StopHalted(wrong);
        Assert.Equal(Far, wrong.GetMsr(TscDeadline));
        Assert.InRange(wrong.GetMsr(0x10), Far, ulong.MaxValue);
    }

    /// <summary>A deadline that is armed when the machine is saved goes off in the other one.</summary>
    public static void ArmedDeadline_GoesOffAfterAMove(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(WaitAndWriteOne);
        Handle(machine, Vector);
        SetTimer(machine, Vector | 0x40000u);
        machine.SetMsr(TscDeadline, Far);
        VcpuKicks.StopHalted(machine);
        MachineState state = machine.Save();
        using StateMachine other = machine.Another();
        state.Restore(other.Vm, other.Vcpus);
        Assert.Equal(Far, other.GetMsr(TscDeadline));
        other.Vcpu.TscOffset += 2 * Far;
        other.SetMsr(TscDeadline, Far);
        Assert.Equal(7, other.RunToPort());
    }

    /// <summary>Whether a vCPU waits is state: it is woken by its timer after a move, and does not go on without an interrupt.</summary>
    public static void HaltedVcpu_IsWokenByItsTimer_WithoutItsMpState_ItRunsOn(Kernel kernel)
    {
        // One-shot, and long enough for what follows: the rest of it is the APIC's state.
        using var machine = new StateMachine(kernel);
        machine.Boot(WaitAndWriteOne);
        Handle(machine, Vector);
        SetTimer(machine, Vector, count: uint.MaxValue);
        VcpuKicks.StopHalted(machine);
        uint left = BinaryPrimitives.ReadUInt32LittleEndian(machine.Get(KvmVcpuStructure.LocalApic).AsSpan(0x390));
        Assert.InRange(left, 1u, uint.MaxValue - 1);
        MachineState state = machine.Save();
        using (StateMachine other = machine.Another())
        {
            state.Restore(other.Vm, other.Vcpus);
            uint after = BinaryPrimitives.ReadUInt32LittleEndian(other.Get(KvmVcpuStructure.LocalApic).AsSpan(0x390));
            Assert.InRange(after, 1u, left);
            Assert.Equal(7, other.RunToPort());
        }

        using (StateMachine other = machine.Another())
        {
            state.Restore(other.Vm, other.Vcpus);
            other.Vcpu.MpState = KvmMpState.Runnable;
            Assert.Equal(1, other.RunToPort());
        }
    }

    /// <summary>Reading whether a vCPU waits delivers the start that it was sent, and changes its registers: it is read first.</summary>
    public static void MpState_ReadFirst_KeepsAStart_ReadLast_LosesIt(Kernel kernel)
    {
        using var machine = new StateMachine(kernel, 2);
        machine.Boot(WriteOne);
        Start(machine.Vcpus[1]);
        using (StateMachine other = machine.Move())
        {
            Assert.Equal((KvmMpState.Runnable, 0x1000), (other.Vcpus[1].MpState, other.Vcpus[1].SpecialRegisters.Cs.Selector));
            Assert.Equal(0UL, other.Vcpus[1].Registers.Rip);
        }

        using var wrong = new StateMachine(kernel, 2);
        wrong.Boot(WriteOne);
        Start(wrong.Vcpus[1]);
        ushort selector = wrong.Vcpus[1].SpecialRegisters.Cs.Selector;
        Assert.Equal((0xf000, KvmMpState.Runnable), (selector, wrong.Vcpus[1].MpState));
        Assert.Equal(0x1000, wrong.Vcpus[1].SpecialRegisters.Cs.Selector);

        // The start's vector at 16, valid by a flag; then INIT and start have come.
        static void Start(KvmVcpu vcpu)
        {
            byte[] events = StateMachine.Get(vcpu, KvmVcpuStructure.Events);
            events[16] = 0x10;
            events[20] |= 2;
            vcpu.SetState(KvmVcpuStructure.Events, events);
            vcpu.MpState = KvmMpState.SipiReceived;
        }
    }

    /// <summary>CPUID says which registers there are: before it one reads 0, and takes nothing.</summary>
    public static void Msr_AfterCpuid_IsTaken_BeforeIt_IsRefused(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(WriteOne);
        ulong value = machine.GetMsr(ArchCapabilities) ^ 1;
        machine.SetMsr(ArchCapabilities, value);
        using (StateMachine other = machine.Move())
        {
            Assert.Equal(value, other.GetMsr(ArchCapabilities));
        }

        using var wrong = new StateMachine(kernel);
        Assert.Equal(0UL, wrong.GetMsr(ArchCapabilities));
        Assert.Equal(0, wrong.Vcpu.SetMsrs([new KvmMsr(ArchCapabilities, value)]));
    }

    /// <summary>What the guest reads of its clock is written when it first runs: the clock is set before.</summary>
    public static void Clock_SetBeforeTheFirstRun_IsWhatTheGuestSees_AfterIt_IsNot(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot(WriteOne);
        machine.SetMsr(SystemTime, Clock | 1);
        SetClock(machine);
        machine.RunToPort();
        Assert.InRange(Time(machine), 1000 * Second, 2000 * Second);

        using var wrong = new StateMachine(kernel);
        wrong.Boot(WriteOne);
        wrong.SetMsr(SystemTime, Clock | 1);
        wrong.RunToPort();
        SetClock(wrong);
        Assert.InRange(Time(wrong), 0UL, 1000 * Second);

        static void SetClock(StateMachine machine)
        {
            byte[] bytes = new byte[KvmVm.GetStateSize(KvmVmStructure.Clock)];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, 1000 * Second);
            machine.Vm.SetState(KvmVmStructure.Clock, bytes);
        }
    }

    /// <summary>The guest's clock goes on after a move, and the guest is told that it stood still (PVCLOCK_GUEST_STOPPED).</summary>
    public static void Clock_AfterAMove_GoesOn_AndSaysThatTheGuestStoodStill(Kernel kernel)
    {
        using var machine = new StateMachine(kernel);
        machine.Boot([.. WriteOne[..4], 0xEB, 0xFA]);
        machine.SetMsr(SystemTime, Clock | 1);
        machine.RunToPort();
        Assert.Equal(0, machine.Memory[Clock + 29] & 2);
        Assert.Equal(KvmExitReason.Interrupted, machine.Vcpu.CompleteExit());
        ulong before = Time(machine);
        using StateMachine other = machine.Move();
        other.RunToPort();
        Assert.Equal(2, other.Memory[Clock + 29] & 2);
        Assert.InRange(Time(other), before, before + (1000 * Second));
    }

    // struct pvclock_vcpu_time_info: system_time at 16, flags at 29.
    private static ulong Time(StateMachine machine) => BinaryPrimitives.ReadUInt64LittleEndian(machine.Memory[(Clock + 16)..]);

    // Real mode's table of handlers begins at 0; this one is mov al, 7; out 0x10, al; hlt.
    private static void Handle(StateMachine machine, byte vector)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(machine.Memory[(vector * 4)..], Handler);
        ((ReadOnlySpan<byte>)[0xB0, 7, 0xE6, Port, 0xF4]).CopyTo(machine.Memory[Handler..]);
    }

    // The APIC is on; its timer has an entry, divides by 1 and counts.
    private static void SetTimer(StateMachine machine, uint entry, uint count = 0) =>
        machine.Change(KvmVcpuStructure.LocalApic, apic =>
        {
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0xf0), 0x1ff);
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x320), entry);
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x3e0), 0xb);
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x380), count);
            BinaryPrimitives.WriteUInt32LittleEndian(apic.AsSpan(0x390), count);
        });

    private static unsafe void EnableExceptionPayload(StateMachine machine)
    {
        // struct kvm_enable_cap, 104 bytes: the capability, flags, and the first argument at 8.
        byte* argument = stackalloc byte[104];
        new Span<byte>(argument, 104).Clear();
        *(int*)argument = ExceptionPayload;
        argument[8] = 1;
        Refused.Not(machine.Kernel.Ioctl(machine.Vm.Handle, EnableCap, (nint)argument));
    }
}
